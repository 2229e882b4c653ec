-- Takes over the position of an agent's durable subscription under its epoch, or begins one (E5).
-- KEYS  1 directory  2 positions
-- ARGV  1 agent  2 epoch  3 where a new one begins
-- Returns 'STALE', or {handled, handed, seq of the last write under this epoch}
-- Complexity: O(1)
local position = readPosition(KEYS[2], ARGV[1])
if isStale(KEYS[1], ARGV[1], tonumber(ARGV[2]), position) then
  return 'STALE'
end
if not position then
  position = { epoch = 0, seq = 0, handled = ARGV[3], handed = ARGV[3] }
end
if position.epoch < tonumber(ARGV[2]) then
  position.seq = 0
  writePosition(KEYS[2], ARGV[1], ARGV[2], 0, position.handled, position.handed)
end
return { position.handled, position.handed, position.seq }
