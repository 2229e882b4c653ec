-- Takes tasks out of their queue for good, and ends those that were cancelled while they were claimed (O2, O3).
-- KEYS  none of its own: the caller names stream, moved, releases, marks of cancelled tasks and the result
-- ARGV  none
-- Returns of takeOut: envelope and attempts charged; of markOf: the mark of a cancelled task, false when it has none
-- Complexity: O(log claimed) a call

-- The attempts include this delivery. An entry that never moved and succeeds at once has none charged before, and its
-- envelope is not needed.
local function takeOut(kind, stream, moved, releases, name, entry, deliveries)
  remove(stream, entry)
  if kind == 'complete' and deliveries == '1' and string.sub(name, 3) == entry then
    return nil, 1
  end
  local fields = fieldsOf(redis.call('XRANGE', stream, entry, entry)[1][2])
  local given = releasesOf(releases, entry, deliveries)
  if given > 0 then
    redis.call('HDEL', releases, entry)
  end
  if fields.t then
    redis.call('HDEL', moved, name)
  end
  return fields.e, tonumber(fields.a or 0) + tonumber(deliveries) - given
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
