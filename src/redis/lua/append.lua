-- Appends events, publishes the live copy of each and trims what retention no longer keeps (E1, E2, E4).
-- KEYS  1, 2 frame  3 events  4 newest id that was trimmed
-- ARGV  1-5 frame  6 channel  7 most events  8 their longest age in ms
--       then for each op: agent, topic, metadata, timestamp, op id, sentAt, '1' when metadata wraps, '1' when it was lost
--       and is sent again, the JSON text without its end
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
local function append(agent, topic, metadata, timestamp, opId, sentAt, isWrapped, isAgain, json)
  local mark = isAgain == '1' and { 'again', '1' } or {}
  local id = redis.call('XADD', KEYS[3], '*', 'agent', agent, 'type', 'broadcast', 'message', topic, 'metadata', metadata,
    'timestamp', timestamp, 'opId', opId, 'sentAt', sentAt, 'prev', prev, 'wrapped', isWrapped, unpack(mark))
  redis.call('PUBLISH', ARGV[6], json .. ',"id":"' .. id .. '","prev":"' .. prev .. '"}')
  prev = id
  return id
end

local replies = {}
for i = 9, #ARGV, 9 do
  table.insert(replies, append(unpack(ARGV, i, i + 8)))
end
trimEvents(KEYS[3], KEYS[4], ARGV[7], ARGV[8])
return closeFrame(replies)
