-- Stores messages in inboxes and tells the present owners (M1 to M3, M6).
-- KEYS  1, 2 frame  3 meta  4 directory  5 inboxes that are not empty  6.. inboxes, one for each op; then owners' leases
-- ARGV  1-5 frame  6 seed  7 prefix of process channels  8 number of ops n
--       then for each op: agent, op id, envelope, limit, classic channel or '', classic text; then number and names of owners
-- Returns a frame reply: '+<entry>' or '!<entries>' for each op; or {'OWNERS', ...}
-- Complexity: O(ops * log non-empty inboxes)
local known = openFrame()
if known then
  return known
end
local ops = tonumber(ARGV[8])
local agents = {}
for i = 9, 8 + ops * 6, 6 do
  table.insert(agents, ARGV[i])
end
local records, present, unexpected = readOwners(KEYS[4], agents, 9 + ops * 6, 6 + ops)
if unexpected then
  return unexpected
end
local mint, save = minter(KEYS[3], ARGV[6])

local function store(inbox, agent, opId, envelope, limit, channel, text)
  local entries = redis.call('XLEN', inbox)
  if entries >= tonumber(limit) then
    return '!' .. entries
  end
  local entry, record = mint(), records[agent]
  if present[record.owner] then
    redis.call('XADD', inbox, entry, 'o', opId, 'e', envelope, 'h', whole(record.epoch))
    tell(ARGV[7] .. record.owner, 'mail', agent, entry, envelope)
  else
    redis.call('XADD', inbox, entry, 'o', opId, 'e', envelope)
  end
  if entries == 0 then
    redis.call('ZADD', KEYS[5], 0, record.owner .. '\31' .. agent)
  end
  if channel ~= '' then
    redis.call('PUBLISH', channel, text)
  end
  return '+' .. entry
end

local replies = {}
for op = 1, ops do
  local at = 3 + op * 6
  table.insert(replies, store(KEYS[5 + op], unpack(ARGV, at, at + 5)))
end
save()
publish()
return closeFrame(replies)
