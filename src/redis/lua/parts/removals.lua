-- Takes tasks out of their queue for good, and ends those that were cancelled while they were claimed (O2, O3).
-- KEYS  none of its own: the caller names stream, marks of cancelled tasks, the result, and in `q`: moved, releases, history
-- ARGV  none
-- Returns of takeOut: envelope and attempts charged; of release: whether it waits again; of markOf: the mark of a
--         cancelled task, false when it has none
-- Complexity: O(log claimed) a call

-- The attempts include this delivery, unless it is released; what strangers wrote may lack either. An entry that never moved and
-- succeeds at once has none charged before, and its envelope is not needed. A task that comes again keeps its history.
local function takeOut(kind, stream, q, name, entry, deliveries)
  local isReleased = kind == 'release'
  remove(stream, entry)
  if kind ~= 'retry' and not isReleased then
    forget(q.history, name)
  else
    unsay(q.history, name)
  end
  if kind == 'complete' and deliveries == '1' and string.sub(name, 3) == entry then
    return nil, 1
  end
  local fields = fieldsAt(stream, entry)
  local given = releasesOf(q.releases, entry, deliveries)
  if given > 0 then
    redis.call('HDEL', q.releases, entry)
  end
  if fields.t then
    redis.call('HDEL', q.moved, name)
  end
  return fields.e or '', (tonumber(fields.a) or 0) + tonumber(deliveries) - given - (isReleased and 1 or 0)
end

-- To be tried again, at once or in a while; whether it waits already.
local function goBack(q, stream, name, mint, envelope, attempts, ms, order)
  if tonumber(ms) > 0 then
    park(q.parked, q.due, name, envelope, attempts, ms, order)
    return false
  end
  toBack(stream, q.moved, name, mint(), envelope, attempts, pastOf(q.history, name))
  return true
end

-- Gives a delivery back uncharged, unless it is to be parked; false then. That its handler had begun is remembered (T11).
local function release(stream, q, name, entry, ms, begun)
  if begun == 'begun' then
    noteReturn(q.history, name)
  end
  if ms ~= '0' then
    return false
  end
  redis.call('XCLAIM', stream, group, pool, 0, entry, 'JUSTID')
  redis.call('HINCRBY', q.releases, entry, 1)
  return true
end

-- Few queues have marks; all others pay one EXISTS for a whole call.
local hasMarks
local function markOf(marks, name)
  if hasMarks == nil then
    hasMarks = redis.call('EXISTS', marks) == 1
  end
  return hasMarks and redis.call('HGET', marks, name)
end

-- A mark is the outcome's time to live in ms and its error. The broker does not know who waits, so everyone is told.
local function endCancelled(mark, marks, result, everyone, queue, name, attempts)
  local ms, failure = string.match(mark, '^(%d+)\31(.*)$')
  local record = table.concat({ 'dead', whole(attempts), '"cancelled"', failure }, '\31')
  redis.call('HDEL', marks, name)
  if tonumber(ms) > 0 then
    redis.call('SET', result, record, 'PX', ms)
  end
  tell(everyone, 'settled', queue .. '.' .. name, record)
end
