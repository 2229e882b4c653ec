-- Tasks that share a concurrency key stand in line: the first is in a stream or parked, the others are behind it (T8).
-- KEYS  none of its own: the caller names them in `q`: keyed, turns, behind, parked, due, moved, streams by letter
-- ARGV  none
-- Returns of standInLine: whether the task is the first of its key; of passOn: whether that put a task into a stream
-- Complexity: O(log tasks with a key)

-- A turn is `<bytes of the key>:<key>:<number, padded>:<name>`, so that the turns of one key sort by number. The part up to
-- the number is what they share; no other key has it.
local function sharedPart(key)
  return #key .. ':' .. key .. ':'
end

local function sharedPartOf(turn)
  local bytes = string.match(turn, '^%d+')
  return string.sub(turn, 1, #bytes + 1 + tonumber(bytes) + 1)
end

local function padded(number)
  return (string.gsub(number, '%d+', function(digits)
    return string.rep('0', 16 - #digits) .. digits
  end))
end

local function firstInLine(q, shared)
  local first = redis.call('ZRANGEBYLEX', q.turns, '[' .. shared, '(' .. shared .. ':', 'LIMIT', 0, 1)[1]
  return first and string.match(first, '[^:]*$')
end

local function standInLine(q, shared, number, name)
  local isFirst = not firstInLine(q, shared)
  local turn = shared .. padded(number) .. ':' .. name
  redis.call('HSET', q.keyed, name, turn)
  redis.call('ZADD', q.turns, 0, turn)
  return isFirst
end

local function waitBehind(q, name, envelope, due)
  redis.call('HSET', q.behind, name, '0\31' .. due .. '\31' .. envelope)
end

-- Takes a task out of its line; its turn, if it had one.
local function leaveLine(q, name, isDead)
  local turn = redis.call('HGET', q.keyed, name)
  if turn and not isDead then
    redis.call('HDEL', q.keyed, name)
  end
  if turn then
    redis.call('ZREM', q.turns, turn)
  end
  return turn
end

-- The task `name`, which stood behind nobody, has ended: the next of its key goes to the back of its queue, or is parked until it is due. A dead letter
-- keeps its turn on record, so that it can come back under its key.
local function passOn(q, name, mint, isDead)
  local turn = leaveLine(q, name, isDead)
  local following = turn and firstInLine(q, sharedPartOf(turn))
  local record = following and redis.call('HGET', q.behind, following)
  if not record then
    return false
  end
  redis.call('HDEL', q.behind, following)
  local attempts, due, envelope = string.match(record, '^(%d+)\31(%d+)\31(.*)$')
  if tonumber(due) > nowUs then
    park(q.parked, q.due, following, envelope, tonumber(attempts), (tonumber(due) - nowUs) / 1000, 0)
    return false
  end
  toBack(q.streams[string.sub(following, 1, 1)], q.moved, following, mint(), envelope, tonumber(attempts))
  return true
end
