-- What cannot be read: a stream, and beside it how many bytes there are and how many entries newer ones pushed out (quarantine, Z1).
-- KEYS  none of its own: the caller names the stream and what is known about it
-- ARGV  none
-- Returns nothing
-- Complexity: O(entries pushed out)
local function forgetQuarantined(stream, about, id, text)
  redis.call('XDEL', stream, id)
  redis.call('HINCRBY', about, 'bytes', 0 - #text) -- no text: -0 is no integer to Redis
  if redis.call('XLEN', stream) == 0 then
    redis.call('DEL', stream, about)
  end
end

local function quarantine(stream, about, limits, origin, reason, left, text, bytes)
  local kept = #text > limits.text and string.sub(text, 1, 65536) or text
  redis.call('XADD', stream, '*', 'o', origin, 'r', reason, 'l', left, 'b', bytes or #text, 't', kept)
  local all = redis.call('HINCRBY', about, 'bytes', #kept)
  while redis.call('XLEN', stream) > limits.entries or (all > limits.bytes and redis.call('XLEN', stream) > 1) do
    local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    forgetQuarantined(stream, about, oldest[1], oldest[2][10])
    redis.call('HINCRBY', about, 'dropped', 1)
    all = tonumber(redis.call('HGET', about, 'bytes'))
  end
end
