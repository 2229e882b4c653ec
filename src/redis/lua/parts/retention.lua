-- Trims the event stream from its old end (E1, E4, E6).
-- KEYS  none of its own: the caller names the stream, and where the newest trimmed id is noted
-- ARGV  none
-- Returns nothing
-- Complexity: O(events trimmed)

-- The newest id that goes is noted: whoever reads behind an older one has missed something.
local function trimEvents(stream, noted, most, longestMs)
  local oldest = whole(math.max(1, nowMs - tonumber(longestMs)))
  local last
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  if first and isNewer(oldest, first[1]) then
    last = redis.call('XREVRANGE', stream, '(' .. oldest .. '-0', '-', 'COUNT', 1)[1]
    redis.call('XTRIM', stream, 'MINID', '=', oldest)
  end
  if redis.call('XLEN', stream) > tonumber(most) then
    redis.call('XTRIM', stream, 'MAXLEN', '=', tonumber(most) + 1)
    last = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    redis.call('XTRIM', stream, 'MAXLEN', '=', most)
  end
  if last then
    redis.call('SET', noted, last[1])
  end
end
