-- Removes handled messages from inboxes (M1, M4); an inbox that became empty is deleted.
-- KEYS  1, 2 frame  3 directory  4 inboxes that are not empty  5.. inboxes, one for each op
-- ARGV  1-5 frame; then for each op: agent, epoch, entry, op id
-- Returns a frame reply: 'acknowledged', 'stale-epoch' or 'unknown' for each op
-- Complexity: O(ops * log non-empty inboxes)
local known = openFrame()
if known then
  return known
end

local function remove(inbox, agent, epoch, entry, opId)
  local record = readRecord(redis.call('HGET', KEYS[3], agent))
  if tonumber(epoch) < record.epoch then
    return 'stale-epoch'
  end
  local stored = redis.call('XRANGE', inbox, entry, entry)[1]
  if not stored or stored[2][2] ~= opId then
    return 'unknown'
  end
  redis.call('XDEL', inbox, entry)
  if redis.call('XLEN', inbox) == 0 then
    redis.call('DEL', inbox)
    redis.call('ZREM', KEYS[4], record.owner .. '\31' .. agent)
    if record.owner == '' then
      redis.call('HDEL', KEYS[3], agent)
    end
  end
  return 'acknowledged'
end

local replies = {}
for i = 6, #ARGV, 4 do
  table.insert(replies, remove(KEYS[5 + #replies], unpack(ARGV, i, i + 3)))
end
return closeFrame(replies)
