-- Appends events behind the newest and publishes their live copies (E1 to E3): each by itself, or those of a frame joined by \30.
-- KEYS  none of its own: the caller names the stream
-- ARGV  none
-- Returns of appender: a function of the fields of an operation, which gives the id of the event, and one that publishes what was joined
-- Complexity: O(1) for each event
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

local function appender(stream, channel, isJoined)
  local prev
  local joined = {}
  local function append(agent, topic, metadata, timestamp, opId, sentAt, isWrapped, isAgain, json)
    prev = prev or newestId(stream)
    local mark = isAgain == '1' and { 'again', '1' } or {}
    local id = redis.call('XADD', stream, '*', 'agent', agent, 'type', 'broadcast', 'message', topic, 'metadata', metadata,
      'timestamp', timestamp, 'opId', opId, 'sentAt', sentAt, 'prev', prev, 'wrapped', isWrapped, unpack(mark))
    local copy = json .. ',"id":"' .. id .. '","prev":"' .. prev .. '"}'
    if isJoined then
      joined[#joined + 1] = copy
    else
      redis.call('PUBLISH', channel, copy)
    end
    prev = id
    return id
  end
  local function publishJoined()
    if #joined > 0 then
      redis.call('PUBLISH', channel, table.concat(joined, '\30'))
    end
  end
  return append, publishJoined
end
