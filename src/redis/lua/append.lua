-- Appends events, publishes the live copy of each and trims what retention no longer keeps (E1, E2, E4).
-- KEYS  1, 2 frame  3 events  4 newest id that was trimmed
-- ARGV  1-5 frame  6 channel  7 most events  8 their longest age in ms
--       then for each op: agent, topic, metadata, timestamp, op id, sentAt, '1' when metadata wraps, the JSON text without its end
-- Returns a frame reply: the id of each event
-- Complexity: O(ops + events trimmed)
local known = openFrame()
if known then
  return known
end

local function newestId()
  local newest = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
  if newest then
    return newest[1]
  end
  local about = redis.pcall('XINFO', 'STREAM', KEYS[3])
  for i = 1, about.err and 0 or #about, 2 do
    if about[i] == 'last-generated-id' and about[i + 1] ~= '0-0' then
      return about[i + 1]
    end
  end
  return '0'
end

local prev = newestId()
local function append(agent, topic, metadata, timestamp, opId, sentAt, isWrapped, json)
  local id = redis.call('XADD', KEYS[3], '*', 'agent', agent, 'type', 'broadcast', 'message', topic, 'metadata', metadata,
    'timestamp', timestamp, 'opId', opId, 'sentAt', sentAt, 'prev', prev, 'wrapped', isWrapped)
  redis.call('PUBLISH', ARGV[6], json .. ',"id":"' .. id .. '","prev":"' .. prev .. '"}')
  prev = id
  return id
end

-- The newest id that goes is noted: whoever reads behind an older one has missed something.
local function trim()
  local oldest = whole(math.max(1, nowMs - tonumber(ARGV[8])))
  local last
  local first = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
  if first and isNewer(oldest, first[1]) then
    last = redis.call('XREVRANGE', KEYS[3], '(' .. oldest .. '-0', '-', 'COUNT', 1)[1]
    redis.call('XTRIM', KEYS[3], 'MINID', '=', oldest)
  end
  if redis.call('XLEN', KEYS[3]) > tonumber(ARGV[7]) then
    redis.call('XTRIM', KEYS[3], 'MAXLEN', '=', tonumber(ARGV[7]) + 1)
    last = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
    redis.call('XTRIM', KEYS[3], 'MAXLEN', '=', ARGV[7])
  end
  if last then
    redis.call('SET', KEYS[4], last[1])
  end
end

local replies = {}
for i = 9, #ARGV, 8 do
  table.insert(replies, append(unpack(ARGV, i, i + 7)))
end
trim()
return closeFrame(replies)
