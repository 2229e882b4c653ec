-- Grants agent ids that are free, or whose owner's presence has ended, to a present node (P2, P3).
-- KEYS  1 presence lease of the node  2 meta  3 directory  4 inboxes that are not empty
--       5.. inboxes, one for each agent; then owners' leases
-- ARGV  1 node  2 number of agents n, then their ids; then, where nodes have leases in several places, 'spread' and the nodes whose
--       leases have been ended in all, behind how many words that is; then names and number of owners
-- Returns 'PRESENCE', {'OWNERS', ...}, {'ENDING', owners whose leases have to be ended first}, or {'OK', then for each agent '' or the owner that holds it, and the epoch}
-- Complexity: O(agents * log non-empty inboxes)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
local node, count = ARGV[1], tonumber(ARGV[2])
local agents = { unpack(ARGV, 3, 2 + count) }
local _, _, present, unexpected, texts = readOwners(KEYS[3], agents)
if unexpected then
  return unexpected
end
local records, leases = {}, {}
for i, agent in ipairs(agents) do
  records[agent] = readRecord(texts[i])
end
local expected = tonumber(ARGV[#ARGV])
for i = 1, expected do
  leases[ARGV[#ARGV - 1 - expected + i]] = KEYS[4 + count + i]
end
local words = tonumber(ARGV[3 + count])
local ended, ending = {}, { 'ENDING' }
for i = 2, words do
  ended[ARGV[3 + count + i]] = true
end
for _, record in pairs(records) do
  local isTaken = record.owner ~= '' and record.owner ~= node and not present[record.owner]
  if isTaken and words > 0 and not ended[record.owner] then
    ended[record.owner] = true
    table.insert(ending, record.owner)
  end
end
if #ending > 1 then
  return ending
end

-- The lease of a node that is taken from is gone already; deleting it again is what makes that certain (P3).
local function take(record, agent, inbox)
  if record.owner ~= '' then
    redis.call('DEL', leases[record.owner])
  end
  if redis.call('EXISTS', inbox) == 1 then
    redis.call('ZREM', KEYS[4], record.owner .. '\31' .. agent)
    redis.call('ZADD', KEYS[4], 0, node .. '\31' .. agent)
  end
  if record.read ~= '' and (record.readBefore == '' or isNewer(record.read, record.readBefore)) then
    record.readBefore = record.read
  end
  record.owner, record.read = node, ''
  record.epoch = math.max(nextNumber(KEYS[2], 'epoch'), record.epoch + 1)
  writeRecord(KEYS[3], agent, record)
end

local replies = { 'OK' }
for i, agent in ipairs(agents) do
  local record = records[agent]
  local isHeld = record.owner ~= node and present[record.owner]
  if record.owner ~= node and not isHeld then
    take(record, agent, KEYS[4 + i])
  end
  table.insert(replies, isHeld and record.owner or '')
  table.insert(replies, whole(record.epoch))
end
return replies
