-- Where a task goes when a delivery ended: out of its stream, to the back of its queue, or to the dead letters (T5, Q2).
-- KEYS  none of its own: the caller names meta, parked, due, moved and the dead letters
-- ARGV  none
-- Returns nothing
-- Complexity: O(log of the tasks in that place)
local ended, endedOf = {}, {}

-- Entries leave their stream together, when the script is done with all of them.
local function remove(stream, entry)
  ended[entry] = true
  endedOf[stream] = endedOf[stream] or {}
  table.insert(endedOf[stream], entry)
end

local function removeAll()
  for stream, entries in pairs(endedOf) do
    redis.call('XACK', stream, 'g', unpack(entries))
    redis.call('XDEL', stream, unpack(entries))
  end
end

local function toBack(stream, moved, name, entry, envelope, attempts)
  redis.call('XADD', stream, entry, 'e', envelope, 'a', whole(attempts), 't', name)
  redis.call('HSET', moved, name, entry)
end

-- `order` keeps tasks of one script in their order when they fall due together.
local function park(parked, due, name, envelope, attempts, delayMs, order)
  redis.call('HSET', parked, name, whole(attempts) .. '\31' .. envelope)
  redis.call('ZADD', due, whole(nowUs + delayMs * 1000 + order), name)
end

local function bury(meta, byTime, letters, name, letter, most)
  redis.call('ZADD', byTime, whole(nextNumber(meta, 'dead')), name)
  redis.call('HSET', letters, name, whole(nowMs) .. '\31' .. letter)
  if redis.call('ZCARD', byTime) > tonumber(most) then
    redis.call('HDEL', letters, redis.call('ZPOPMIN', byTime)[1])
    redis.call('HINCRBY', meta, 'deadDropped', 1)
  end
end
