-- Where a task goes when a delivery ended: out of its stream, to the back of its queue, or to the dead letters (T5, Q2).
-- KEYS  none of its own: the caller names meta, parked, due, moved, keyed and the dead letters
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

-- `past` is what is known of earlier deliveries (T10, T11), for those who are handed the entry by a blocking read.
local function toBack(stream, moved, name, entry, envelope, attempts, past)
  if past and past ~= '' then
    redis.call('XADD', stream, entry, 'e', envelope, 'a', whole(attempts), 't', name, 'p', past)
  else
    redis.call('XADD', stream, entry, 'e', envelope, 'a', whole(attempts), 't', name)
  end
  redis.call('HSET', moved, name, entry)
end

-- `order` keeps tasks of one script in their order when they fall due together.
local function park(parked, due, name, envelope, attempts, delayMs, order)
  redis.call('HSET', parked, name, whole(attempts) .. '\31' .. envelope)
  redis.call('ZADD', due, whole(nowUs + delayMs * 1000 + order), name)
end

local function bury(meta, byTime, letters, keyed, name, letter, most)
  redis.call('ZADD', byTime, whole(nextNumber(meta, 'dead')), name)
  redis.call('HSET', letters, name, whole(nowMs) .. '\31' .. letter)
  if redis.call('ZCARD', byTime) > tonumber(most) then
    local oldest = redis.call('ZPOPMIN', byTime)[1]
    redis.call('HDEL', letters, oldest)
    redis.call('HDEL', keyed, oldest)
    redis.call('HINCRBY', meta, 'deadDropped', 1)
  end
end
