-- Gives agent ids back, those that the node holds under the epochs it names, and tells everyone (P6). What their inboxes hold waits for the
-- next owners.
-- KEYS  1 directory  2 inboxes that are not empty  3.. inboxes, one for each agent
-- ARGV  1 node  2 everyone's channel  3.. for each agent its id and the epoch
-- Returns for each agent 1, or 0 when it was not the node's
-- Complexity: O(agents * log non-empty inboxes), plus the processes that listen
local function giveBack(agent, epoch, inbox)
  local record = readRecord(redis.call('HGET', KEYS[1], agent))
  if record.owner ~= ARGV[1] or record.epoch ~= epoch then
    return 0
  end
  tell(ARGV[2], 'freed', agent)
  if redis.call('EXISTS', inbox) == 0 then
    redis.call('HDEL', KEYS[1], agent)
    return 1
  end
  redis.call('ZREM', KEYS[2], ARGV[1] .. '\31' .. agent)
  redis.call('ZADD', KEYS[2], 0, '\31' .. agent)
  record.owner = ''
  writeRecord(KEYS[1], agent, record)
  return 1
end

local replies = {}
for i = 3, #KEYS do
  table.insert(replies, giveBack(ARGV[2 * i - 3], tonumber(ARGV[2 * i - 2]), KEYS[i]))
end
publish()
return replies
