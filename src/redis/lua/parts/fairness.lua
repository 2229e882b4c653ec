-- Turns for foreign agents at a contended classic lock: they stand in no line, they only try again (L9).
-- KEYS  1-7 lock; 2 about also: inRow hand-overs, since the first of them (ms), freeUntil (ms)
-- ARGV  1-5 lock
-- Returns of pauseLeftMs: ms for which nobody of ours may take the lock; of pauses: whether the lock stays free now
-- Complexity: O(1)
local mostInRow, longestRowMs = 10, 10000

local function pauseLeftMs()
  local freeUntil = permits == 1 and about[4] or 0
  return math.max(0, tonumber(freeUntil) - nowMs)
end

local function endRow()
  if about[5] then
    redis.call('HDEL', KEYS[2], 'inRow', 'since')
  end
end

-- Counts the hand-over to `waiter` that is due. When the lock stays free instead, `waiter` is told to look again.
local function pauses(waiter, pauseMs)
  if pauseMs == 0 or permits > 1 then
    return false
  end
  redis.call('HSETNX', KEYS[2], 'since', whole(nowMs))
  local inRow = redis.call('HINCRBY', KEYS[2], 'inRow', 1)
  about[5] = inRow
  if inRow <= mostInRow and nowMs - tonumber(redis.call('HGET', KEYS[2], 'since')) < longestRowMs then
    return false
  end
  endRow()
  redis.call('HSET', KEYS[2], 'freeUntil', whole(nowMs + pauseMs))
  tell(ARGV[1] .. redis.call('HGET', KEYS[5], waiter), 'granted', ARGV[2], waiter, '0')
  return true
end
