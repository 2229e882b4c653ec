-- Keeps claims alive: resets their idle time, leaves their count of deliveries (T3, T4), and notes what the node says of their
-- handlers (T10).
-- KEYS  1 presence lease of the node  2-4 streams high, normal, low  5 moved  6 marks of cancelled tasks  7 history
-- ARGV  1 node; then for each receipt: name, stream 1-3, entry, deliveries, its handler: w waits, b has begun, '' nothing said
-- Returns 'PRESENCE', or 1, 0 (stale) or 2 (kept, and cancelled: O3) for each receipt
-- Complexity: O(receipts * log claimed)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
local node = ARGV[1]
local kept = {}
local hasMarks = redis.call('EXISTS', KEYS[6]) == 1
for i = 2, #ARGV, 5 do
  local lane, entry = tonumber(ARGV[i + 1]), ARGV[i + 2]
  local stream = KEYS[1 + lane]
  local held = isHeld(stream, entry, node, ARGV[i + 3]) and isNamed(stream, KEYS[5], lane, entry, ARGV[i])
  if held then
    redis.call('XCLAIM', stream, group, node, 0, entry, 'JUSTID')
  end
  if held and ARGV[i + 4] ~= '' then
    say(KEYS[7], ARGV[i], ARGV[i + 3], ARGV[i + 4])
  end
  local cancelled = held and hasMarks and redis.call('HEXISTS', KEYS[6], ARGV[i]) == 1
  table.insert(kept, cancelled and 2 or held and 1 or 0)
end
return kept
