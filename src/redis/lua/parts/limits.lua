-- The limits of a queue: how many of its tasks may be claimed now, and whether claimers have to look again (O5, O6).
-- KEYS  none of its own: the caller names streams, limits and starts
-- ARGV  none
-- Returns of readLimits: most claims, most starts, window in us, or nil for a queue without limits; of countTasks: claimed,
--         waiting; of roomOf: tasks that may be claimed; of againInMs: ms until the window has room, -1 when it has;
--         of noteStart, tellRoom: nothing
-- Complexity: O(nodes with claims + log starts), and nothing for a queue without limits
local function readLimits(text)
  if not text then
    return nil
  end
  local most, starts, perMs = string.match(text, '^(%d*)\31(%d*)\31(%d*)$')
  return { most = tonumber(most), starts = tonumber(starts), perUs = 1000 * (tonumber(perMs) or 0) }
end

local function countTasks(streams)
  local claimed, waiting = 0, 0
  for _, stream in ipairs(streams) do
    local summary = redis.pcall('XPENDING', stream, 'g')
    local held = summary.err and 0 or summary[1]
    for _, consumer in ipairs(held > 0 and summary[4] or {}) do
      if consumer[1] == ':released' then
        held = held - tonumber(consumer[2])
      end
    end
    claimed, waiting = claimed + held, waiting + redis.call('XLEN', stream) - held
  end
  return claimed, waiting
end

-- Starts that may follow now: the window holds those of the last `perUs`. A thousand older ones are forgotten at once, the others are
-- counted: how many are left of those is told, too.
local function startsLeft(limits, starts)
  if not limits or not limits.starts then
    return math.huge
  end
  local old = redis.call('ZCOUNT', starts, '-inf', whole(nowUs - limits.perUs))
  if old > 0 then
    old = old - redis.call('ZREMRANGEBYRANK', starts, 0, math.min(old, 1000) - 1)
  end
  return limits.starts - redis.call('ZCARD', starts) + old, old
end

local function roomOf(limits, streams, starts)
  local left = startsLeft(limits, starts)
  return limits and limits.most and math.min(left, limits.most - countTasks(streams)) or left
end

-- A delivery of an entry happens once, so its name is a member of its own.
local function noteStart(limits, starts, entry, deliveries)
  if limits and limits.starts then
    redis.call('ZADD', starts, whole(nowUs), entry .. ':' .. deliveries)
    redis.call('PEXPIRE', starts, whole(math.ceil(limits.perUs / 1000) + 1))
  end
end

local function againInMs(limits, starts)
  local left, old = startsLeft(limits, starts)
  if left > 0 then
    return -1
  end
  local last = whole(old - left) -- of those that have to leave the window
  local leaves = redis.call('ZRANGE', starts, last, last, 'WITHSCORES')
  return math.max(1, math.ceil((tonumber(leaves[2]) + limits.perUs - nowUs) / 1000))
end

-- Blocking reads do not bring tasks of a limited queue, so everyone is told when there may be something to claim: tasks came
-- into the streams (`added`), or `freed` claims ended while all places were taken.
local function tellRoom(limits, streams, added, freed, everyone, queue)
  if not limits or not (added or freed > 0) then
    return
  end
  local claimed, waiting = countTasks(streams)
  local hasPlace = not limits.most or claimed < limits.most
  local wasFull = limits.most and claimed + freed >= limits.most
  if waiting > 0 and hasPlace and (added or wasFull) then
    tell(everyone, 'released', queue)
  end
end
