-- Stores messages in inboxes and tells the present owners; what is for foreign agents is published only (M1 to M3, M6, M8, M10, M12).
-- KEYS  1, 2 frame  3 meta  4 directory  5 inboxes that are not empty  6 dead letters pushed out, by agent
--       7.. for each op: inbox, and its key or the dead letters of the agent; then owners' leases
-- ARGV  1-5 frame  6 seed  7 prefix of process channels  8 number of ops n
--       then for each op: agent, op id, envelope, limit, classic channel or '', classic text, ms its key lives (0: no key),
--       dead letter to store instead or ''; then number and names of owners
-- Returns a frame reply: '+<entry>', '=<op id known>', '!<entries>', '?' (no such letter) or '>' (published) for each op; or {'OWNERS', ...}
-- Complexity: O(ops * log non-empty inboxes)
local known = openFrame()
if known then
  return known
end
local ops = tonumber(ARGV[8])
local agents = {}
for i = 9, 8 + ops * 8, 8 do
  table.insert(agents, ARGV[i])
end
local records, present, unexpected = readOwners(KEYS[4], agents, 9 + ops * 8, 7 + ops * 2)
if unexpected then
  return unexpected
end
local mint, save = minter(KEYS[3], ARGV[6])

local function store(inbox, beside, agent, opId, envelope, limit, channel, text, keyMs, letter)
  local known = keyMs ~= '0' and redis.call('GET', beside)
  if known then
    return '=' .. known
  end
  if letter ~= '' then
    opId, envelope = readLetter(beside, letter)
    if not opId then
      return '?'
    end
  end
  local entries = redis.call('XLEN', inbox)
  local isForeign = channel ~= '' and entries == 0 and records[agent].epoch == 0
  if isForeign and redis.call('HEXISTS', KEYS[3], 'native:' .. agent) == 0 then
    if keyMs ~= '0' then
      redis.call('SET', beside, opId, 'PX', keyMs)
    end
    redis.call('PUBLISH', channel, text)
    return '>'
  end
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
  if keyMs ~= '0' then
    redis.call('SET', beside, opId, 'PX', keyMs)
  end
  if letter ~= '' then
    forgetLetter(beside, KEYS[6], agent, letter)
  end
  if channel ~= '' then
    redis.call('PUBLISH', channel, text)
  end
  return '+' .. entry
end

local replies = {}
for op = 1, ops do
  local at = 1 + op * 8
  table.insert(replies, store(KEYS[5 + op * 2], KEYS[6 + op * 2], unpack(ARGV, at, at + 7)))
end
save()
publish()
return closeFrame(replies)
