-- Removes handled messages from inboxes (M1, M4); an inbox that became empty is deleted. Those that no handler takes become dead
-- letters (M9). Dead letters are forgotten.
-- KEYS  1, 2 frame  3 meta  4 directory  5 inboxes that are not empty  6 dead letters pushed out, by agent
--       7.. for each op: inbox, and of a dead message also the dead letters of the agent; or, to forget one, the dead letters
-- ARGV  1-5 frame  6 seed  7 number of ops n, then their agents
--       then for each op: `<epoch> <entry> <most dead letters, 0: not dead> <op id>`, and of a dead message reason and error
--       or, to forget a dead letter: `- <letter> 0 `
-- Returns a frame reply: 'acknowledged', 'stale-epoch' or 'unknown' for each op
-- Complexity: O(ops * log non-empty inboxes)
local known = openFrame()
if known then
  return known
end
local mint, save = minter(KEYS[3], ARGV[6])
local ops = tonumber(ARGV[7])
local texts = ops > 0 and redis.call('HMGET', KEYS[4], unpack(ARGV, 8, 7 + ops)) or {}
takeFrom(7, 8 + ops)

local function forget(letters, agent, letter)
  if not readLetter(letters, letter) then
    return 'unknown'
  end
  forgetLetter(letters, KEYS[6], agent, letter)
  return 'acknowledged'
end

local function remove(agent, record)
  local epoch, entry, most, opId = string.match(nextArg(), '^(%S+) (%S+) (%S+) (.*)$')
  local inbox = nextKey()
  if epoch == '-' then
    return forget(inbox, agent, entry)
  end
  local letters, reason, failure = most ~= '0' and nextKey(), most ~= '0' and nextArg(), most ~= '0' and nextArg()
  local stored = not isLeaving(inbox, entry) and redis.call('XRANGE', inbox, entry, entry)[1]
  if not stored or stored[2][2] ~= opId then
    return 'unknown'
  end
  local owner, granted = ownerOf(record)
  if granted == '0' or tonumber(epoch) ~= tonumber(granted) then
    return 'stale-epoch'
  end
  if letters then
    keepLetter(letters, KEYS[6], agent, mint(), opId, stored[2][4] or '', reason, failure, most)
  end
  leave(inbox, agent, owner, entry)
  return 'acknowledged'
end

local replies = {}
for op = 1, ops do
  replies[op] = remove(ARGV[7 + op], texts[op])
end
endInboxes(KEYS[4], KEYS[5])
save()
return closeFrame(replies)
