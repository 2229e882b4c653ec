-- Keeps claims alive: resets their idle time, leaves their count of deliveries (T3, T4).
-- KEYS  1 presence lease of the node  2-4 streams high, normal, low  5 marks of cancelled tasks
-- ARGV  1 node; then for each receipt: name, stream 1-3, entry, deliveries
-- Returns 'PRESENCE', or 1, 0 (stale) or 2 (kept, and cancelled: O3) for each receipt
-- Complexity: O(receipts * log claimed)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
local node = ARGV[1]
local kept = {}
local hasMarks = redis.call('EXISTS', KEYS[5]) == 1
for i = 2, #ARGV, 4 do
  local stream, entry = KEYS[1 + tonumber(ARGV[i + 1])], ARGV[i + 2]
  local held = isHeld(stream, entry, node, ARGV[i + 3])
  if held then
    redis.call('XCLAIM', stream, group, node, 0, entry, 'JUSTID')
  end
  local cancelled = held and hasMarks and redis.call('HEXISTS', KEYS[5], ARGV[i]) == 1
  table.insert(kept, cancelled and 2 or held and 1 or 0)
end
return kept
