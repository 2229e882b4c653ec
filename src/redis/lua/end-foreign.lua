-- Ends taken tasks: stores the completion, appends and publishes the event, forgets the task, each once (B5, B6).
-- KEYS  1 lease of the bridge  2 taken tasks  3 those whose completion is stored already  4 completions  5 events
--       6 newest id that was trimmed, then for each end: result and key of the task of the fleet
-- ARGV  1 node  2 channel  3 most events  4 their longest age in ms
--       then for each end: id, completion or '', an event as in append.lua
-- Returns 'BRIDGE', or 'ended', 'unknown' or 'held' for each end
-- Complexity: O(ends + events trimmed)
if not isBridge() then
  return 'BRIDGE'
end
local function takes(key, type)
  local found = typeOf(key)
  return found == type or found == 'none'
end
local storesCompletions, storesEvents = takes(KEYS[4], 'list'), takes(KEYS[5], 'stream')
local hasStored = redis.call('EXISTS', KEYS[3]) == 1 -- only while some key had another type
local append = appender(KEYS[5], ARGV[2])
local ended = {}

local function store(id, completion)
  if completion == '' or (hasStored and redis.call('HEXISTS', KEYS[3], id) == 1) then
    return true
  end
  if storesCompletions then
    redis.call('LPUSH', KEYS[4], completion)
  end
  return storesCompletions
end

local function finish(at, result, key)
  local id, completion = ARGV[at], ARGV[at + 1]
  if #redis.call('XRANGE', KEYS[2], id, id) == 0 then
    return 'unknown'
  end
  if not store(id, completion) then
    return 'held'
  end
  if not storesEvents then
    redis.call('HSET', KEYS[3], id, 1)
    hasStored = true
    return 'held'
  end
  append(unpack(ARGV, at + 2, at + 10))
  redis.call('XDEL', KEYS[2], id)
  if hasStored then
    redis.call('HDEL', KEYS[3], id)
  end
  table.insert(ended, key)
  redis.call('PEXPIRE', result, 60000)
  return 'ended'
end

local replies = {}
for i = 0, (#ARGV - 4) / 11 - 1 do
  table.insert(replies, finish(5 + i * 11, KEYS[7 + i * 2], KEYS[8 + i * 2]))
end
if #ended > 0 then
  redis.call('DEL', unpack(ended))
end
if storesEvents then
  trimEvents(KEYS[5], KEYS[6], ARGV[3], ARGV[4])
end
return replies
