-- What is kept of tasks whose deliveries did not all end well: which holders were lost with them, how often they were released
-- with a handler that had begun, and what the present holder has said of its handler (T10, T11).
-- KEYS  none of its own: the caller names history
-- ARGV  none
-- Returns of recall: what was said `<delivery><w|b>`, and the past `<releases>\30<node>\30<node>...`, '' for a task without one;
--         of chargeLoss: whether the lost holder counts; of the others: nothing
-- Complexity: O(1)
local mostLost = 16

-- Few queues have a history; all others pay one EXISTS for a whole call.
local hasHistory
local function recall(history, name)
  if hasHistory == nil then
    hasHistory = redis.call('EXISTS', history) == 1
  end
  local text = hasHistory and redis.call('HGET', history, name)
  return string.match(text or '\31', '^([^\31]*)\31(.*)$')
end

local function pastOf(history, name)
  local _, past = recall(history, name)
  return past
end

local function note(history, name, said, past)
  redis.call('HSET', history, name, said .. '\31' .. past)
  hasHistory = true
end

local function forget(history, name)
  if recall(history, name) and hasHistory then
    redis.call('HDEL', history, name)
  end
end

-- An entry is left for another one, whose deliveries are counted anew: what was said is not said of those.
local function unsay(history, name)
  local said, past = recall(history, name)
  if past == '' and said ~= '' then
    redis.call('HDEL', history, name)
  elseif said ~= '' then
    note(history, name, '', past)
  end
end

-- What has begun stays begun, whatever comes late.
local function say(history, name, deliveries, what)
  local said, past = recall(history, name)
  if said ~= deliveries .. what and said ~= deliveries .. 'b' then
    note(history, name, deliveries .. what, past)
  end
end

local function noteReturn(history, name)
  local said, past = recall(history, name)
  local times, nodes = string.match(past, '^(%d*)(.*)$')
  note(history, name, said, string.format('%d', (tonumber(times) or 0) + 1) .. nodes)
end

-- A first loss counts unless the holder said that the handler waits; a later one only when it said that the handler has begun.
local function chargeLoss(history, name, holder, deliveries)
  local said, past = recall(history, name)
  local _, lost = string.gsub(past, '\30', '')
  local isCharged = said == deliveries .. 'b' or (lost == 0 and said ~= deliveries .. 'w')
  if isCharged and lost < mostLost then
    note(history, name, '', (past == '' and '0' or past) .. '\30' .. holder)
  end
  return isCharged
end
