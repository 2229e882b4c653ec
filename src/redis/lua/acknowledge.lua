-- Removes handled messages from inboxes (M1, M4); an inbox that became empty is deleted. Those that no handler takes become dead
-- letters (M9). Dead letters are forgotten.
-- KEYS  1, 2 frame  3 meta  4 directory  5 inboxes that are not empty  6 dead letters pushed out, by agent
--       7.. for each op: inbox, dead letters of the agent
-- ARGV  1-5 frame  6 seed; then for each op: agent, epoch, entry, op id, most dead letters (0: not dead), reason, error
--       or, to forget a dead letter: agent, '', letter, '', '0', '', ''
-- Returns a frame reply: 'acknowledged', 'stale-epoch' or 'unknown' for each op
-- Complexity: O(ops * log non-empty inboxes)
local known = openFrame()
if known then
  return known
end

local mint, save = minter(KEYS[3], ARGV[6])

local function forget(letters, agent, letter)
  if not readLetter(letters, letter) then
    return 'unknown'
  end
  forgetLetter(letters, KEYS[6], agent, letter)
  return 'acknowledged'
end

local function remove(inbox, letters, agent, epoch, entry, opId, most, reason, failure)
  if epoch == '' then
    return forget(letters, agent, entry)
  end
  local stored = redis.call('XRANGE', inbox, entry, entry)[1]
  if not stored or stored[2][2] ~= opId then
    return 'unknown'
  end
  local record = readRecord(redis.call('HGET', KEYS[4], agent))
  if record.epoch == 0 or tonumber(epoch) ~= record.epoch then
    return 'stale-epoch'
  end
  if most ~= '0' then
    keepLetter(letters, KEYS[6], agent, mint(), opId, stored[2][4] or '', reason, failure, most)
  end
  redis.call('XDEL', inbox, entry)
  if redis.call('XLEN', inbox) == 0 then
    redis.call('DEL', inbox)
    redis.call('ZREM', KEYS[5], record.owner .. '\31' .. agent)
    if record.owner == '' then
      redis.call('HDEL', KEYS[4], agent)
    end
  end
  return 'acknowledged'
end

local replies = {}
for i = 7, #ARGV, 7 do
  local at = 7 + #replies * 2
  table.insert(replies, remove(KEYS[at], KEYS[at + 1], unpack(ARGV, i, i + 6)))
end
save()
return closeFrame(replies)
