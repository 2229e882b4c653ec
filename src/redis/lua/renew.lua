-- Keeps claims alive: resets their idle time, leaves their count of deliveries (T3, T4).
-- KEYS  1 presence lease of the node  2-4 streams high, normal, low
-- ARGV  1 node; then for each receipt: stream 1-3, entry, deliveries
-- Returns 'PRESENCE', or 1 or 0 (stale) for each receipt
-- Complexity: O(receipts * log claimed)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
local node = ARGV[1]
local kept = {}
for i = 2, #ARGV, 3 do
  local stream, entry = KEYS[1 + tonumber(ARGV[i])], ARGV[i + 1]
  local held = isHeld(stream, entry, node, ARGV[i + 2])
  if held then
    redis.call('XCLAIM', stream, group, node, 0, entry, 'JUSTID')
  end
  table.insert(kept, held and 1 or 0)
end
return kept
