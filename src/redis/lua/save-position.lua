-- Writes the position of an agent's durable subscription (E5); what is older than the stored one changes nothing.
-- KEYS  1 directory  2 positions
-- ARGV  1 agent  2 epoch  3 seq  4 handled  5 handed
-- Returns 'STALE' when a later epoch has it, else 'OK'
-- Complexity: O(1)
local position = readPosition(KEYS[2], ARGV[1])
if isStale(KEYS[1], ARGV[1], tonumber(ARGV[2]), position) then
  return 'STALE'
end
if not position or position.epoch < tonumber(ARGV[2]) or position.seq < tonumber(ARGV[3]) then
  writePosition(KEYS[2], unpack(ARGV))
end
return 'OK'
