-- Stores messages in inboxes and tells the present owners; what is for foreign agents is published only (M1 to M3, M6, M8, M10, M12, M13).
-- KEYS  1, 2 frame  3 meta  4 directory  5 inboxes that are not empty  6 dead letters pushed out, by agent
--       7.. for each op: inbox, and where there is one its key, or the dead letters of the agent; then owners' leases
-- ARGV  1-5 frame  6 seed  7 prefix of process channels  8 '1' when owners are told what an entry stands behind  9 number of ops n,
--       then their agents
--       then for each op: `<limit> <ms its key lives, 0: no key> <dead letter to store instead, or nothing> <1: classic copy> <op id>`,
--       envelope, and of a classic copy channel and text; then names and number of owners
-- Returns a frame reply: '+<entry>', '=<op id known>', '!<entries>', '?' (no such letter) or '>' (published) for each op; or {'OWNERS', ...}
-- Complexity: O(ops * log non-empty inboxes)
local known = openFrame()
if known then
  return known
end
local ops = tonumber(ARGV[9])
local owners, epochs, present, unexpected = readOwners(KEYS[4], { unpack(ARGV, 10, 9 + ops) })
if unexpected then
  return unexpected
end
local mint, save = minter(KEYS[3], ARGV[6])
local filled = {}
takeFrom(7, 10 + ops)

local function store(agent, owner, epoch)
  local limit, keyMs, letter, isClassic, opId = string.match(nextArg(), '^(%S+) (%S+) (%S*) ([01]) (.*)$')
  local envelope, inbox = nextArg(), nextKey()
  local beside = (keyMs ~= '0' or letter ~= '') and nextKey()
  local channel, text = isClassic == '1' and nextArg(), isClassic == '1' and nextArg()
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
  local isForeign = channel and entries == 0 and epoch == '0' and redis.call('HEXISTS', KEYS[3], 'native:' .. agent) == 0
  if not isForeign and entries >= tonumber(limit) then
    return '!' .. entries
  end
  if keyMs ~= '0' then
    redis.call('SET', beside, opId, 'PX', keyMs)
  end
  if isForeign then
    redis.call('PUBLISH', channel, text)
    return '>'
  end
  local entry = mint()
  if not present[owner] then
    redis.call('XADD', inbox, entry, 'o', opId, 'e', envelope)
  else
    local before = ARGV[8] == '1' and entries > 0 and '\31' .. redis.call('XREVRANGE', inbox, '+', '-', 'COUNT', 1)[1][1]
    redis.call('XADD', inbox, entry, 'o', opId, 'e', envelope, 'h', epoch)
    tellText(ARGV[7] .. owner, 'mail\31' .. agent .. '\31' .. entry .. '\31' .. envelope .. (before or ''))
  end
  if entries == 0 then
    filled[#filled + 1], filled[#filled + 2] = '0', owner .. '\31' .. agent
  end
  if letter ~= '' then
    forgetLetter(beside, KEYS[6], agent, letter)
  end
  if channel then
    redis.call('PUBLISH', channel, text)
  end
  return '+' .. entry
end

local replies = {}
for op = 1, ops do
  replies[op] = store(ARGV[9 + op], owners[op], epochs[op])
end
if #filled > 0 then
  redis.call('ZADD', KEYS[5], unpack(filled))
end
save()
publish()
return closeFrame(replies)
