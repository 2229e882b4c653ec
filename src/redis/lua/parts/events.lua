-- Appends one event behind the newest and publishes its live copy (E1 to E3).
-- KEYS  none of its own: the caller names the stream
-- ARGV  none
-- Returns of appender: a function of the channel and the fields of an operation, which gives the id of the event
-- Complexity: O(1)
local function newestId(stream)
  local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  if newest then
    return newest[1]
  end
  local about = redis.pcall('XINFO', 'STREAM', stream)
  for i = 1, about.err and 0 or #about, 2 do
    if about[i] == 'last-generated-id' and about[i + 1] ~= '0-0' then
      return about[i + 1]
    end
  end
  return '0'
end

local function appender(stream, channel)
  local prev
  return function(agent, topic, metadata, timestamp, opId, sentAt, isWrapped, isAgain, json)
    prev = prev or newestId(stream)
    local mark = isAgain == '1' and { 'again', '1' } or {}
    local id = redis.call('XADD', stream, '*', 'agent', agent, 'type', 'broadcast', 'message', topic, 'metadata', metadata,
      'timestamp', timestamp, 'opId', opId, 'sentAt', sentAt, 'prev', prev, 'wrapped', isWrapped, unpack(mark))
    redis.call('PUBLISH', channel, json .. ',"id":"' .. id .. '","prev":"' .. prev .. '"}')
    prev = id
    return id
  end
end
