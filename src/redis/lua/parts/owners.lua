-- Which agent is owned by whom, and whether that owner is present: for scripts of one mail shard.
-- KEYS  the directory, and at the end the presence leases of the owners the caller expects
-- ARGV  at the end the names of those owners, then their number
-- Returns of readOwners: owners and epochs (text) by place in `agents`; who is present, by name; and, when the caller did not expect
--         an owner, the reply {'OWNERS', agent, owner, ...}: call again, knowing them; and what stands in the directory;
--         of readRecord: {owner, epoch, read, readBefore} of that; of ownerOf: owner, and epoch as text
-- Complexity: O(agents + owners)
local function readRecord(text)
  local owner, epoch, read, readBefore = string.match(text or '\0310\31\31', '^(.*)\31(%d+)\31(.*)\31(.*)$')
  return { owner = owner, epoch = tonumber(epoch), read = read, readBefore = readBefore }
end

local function writeRecord(directory, agent, record)
  local text = table.concat({ record.owner, string.format('%.0f', record.epoch), record.read, record.readBefore }, '\31')
  redis.call('HSET', directory, agent, text)
end

local function ownerOf(text)
  return string.match(text or '\0310', '^([^\31]*)\31(%d+)')
end

local function readOwners(directory, agents)
  local present, owners, epochs, unexpected = { [''] = false }, {}, {}, { 'OWNERS' }
  local expected = tonumber(ARGV[#ARGV])
  for i = 1, expected do
    present[ARGV[#ARGV - 1 - expected + i]] = redis.call('EXISTS', KEYS[#KEYS - expected + i]) == 1
  end
  local texts = #agents > 0 and redis.call('HMGET', directory, unpack(agents)) or {}
  for i = 1, #agents do
    local owner, epoch = ownerOf(texts[i])
    owners[i], epochs[i] = owner, epoch
    if present[owner] == nil then
      unexpected[#unexpected + 1] = agents[i]
      unexpected[#unexpected + 1] = owner
    end
  end
  return owners, epochs, present, #unexpected > 1 and unexpected or nil, texts
end
