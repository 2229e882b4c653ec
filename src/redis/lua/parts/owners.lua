-- Which agent is owned by whom, and whether that owner is present: for scripts of one mail shard.
-- KEYS  the directory, and the presence leases of owners the caller expects, from `leasesAt` on
-- ARGV  the number of those owners at `namesAt`, then their names
-- Returns of readOwners: records by agent {owner, epoch, read, readBefore}; who is present, by name;
--         and, when the caller did not expect an owner, the reply {'OWNERS', agent, owner, ...}: call again, knowing them
-- Complexity: O(agents + owners)
local function readRecord(text)
  local owner, epoch, read, readBefore = string.match(text or '\0310\31\31', '^(.*)\31(%d+)\31(.*)\31(.*)$')
  return { owner = owner, epoch = tonumber(epoch), read = read, readBefore = readBefore }
end

local function writeRecord(directory, agent, record)
  local text = table.concat({ record.owner, string.format('%.0f', record.epoch), record.read, record.readBefore }, '\31')
  redis.call('HSET', directory, agent, text)
end

local function readOwners(directory, agents, namesAt, leasesAt)
  local present, records, unexpected = { [''] = false }, {}, { 'OWNERS' }
  for i = 1, tonumber(ARGV[namesAt]) do
    present[ARGV[namesAt + i]] = redis.call('EXISTS', KEYS[leasesAt + i - 1]) == 1
  end
  local texts = #agents > 0 and redis.call('HMGET', directory, unpack(agents)) or {}
  for i, agent in ipairs(agents) do
    local record = readRecord(texts[i])
    records[agent] = record
    if present[record.owner] == nil then
      table.insert(unexpected, agent)
      table.insert(unexpected, record.owner)
    end
  end
  return records, present, #unexpected > 1 and unexpected or nil
end
