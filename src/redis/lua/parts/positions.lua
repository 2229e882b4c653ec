-- Positions of durable subscriptions, fenced by the agent's epoch (E5): for scripts of one mail shard.
-- KEYS  none of its own: the caller names directory and positions
-- ARGV  none
-- Returns of readPosition: the record {epoch, seq, handled, handed}, or nil when there is none;
--         of isStale: whether a later epoch was granted, or has opened the position: the directory forgets ids that are free
-- Complexity: O(1)
local function readPosition(positions, agent)
  local epoch, seq, handled, handed =
    string.match(redis.call('HGET', positions, agent) or '', '^(%d+)\31(%d+)\31(.*)\31(.*)$')
  if epoch then
    return { epoch = tonumber(epoch), seq = tonumber(seq), handled = handled, handed = handed }
  end
end

local function writePosition(positions, agent, epoch, seq, handled, handed)
  redis.call('HSET', positions, agent, table.concat({ epoch, seq, handled, handed }, '\31'))
end

local function isStale(directory, agent, epoch, position)
  local granted = readRecord(redis.call('HGET', directory, agent)).epoch
  return epoch < granted or (position ~= nil and epoch < position.epoch)
end
