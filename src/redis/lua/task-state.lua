-- Says where a task is now.
-- KEYS  1 stream of its priority  2 parked  3 moved  4 dead letters  5 result  6 behind
-- ARGV  1 name  2 number
-- Returns 'waiting', 'parked', 'claimed', 'completed', 'dead' or 'unknown'
-- Complexity: O(log claimed)
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then
  return 'parked'
end
if redis.call('HEXISTS', KEYS[6], ARGV[1]) == 1 then
  return 'waiting'
end
local entry = redis.call('HGET', KEYS[3], ARGV[1]) or ARGV[2]
if redis.call('EXISTS', KEYS[1]) == 1 and #redis.call('XRANGE', KEYS[1], entry, entry) > 0 then
  local rows = redis.pcall('XPENDING', KEYS[1], 'g', entry, entry, 1)
  local isClaimed = rows[1] and rows[1][2] ~= ':released'
  return isClaimed and 'claimed' or 'waiting'
end
if redis.call('HEXISTS', KEYS[4], ARGV[1]) == 1 then
  return 'dead'
end
local result = redis.call('GET', KEYS[5])
if not result then
  return 'unknown'
end
return string.sub(result, 1, 4) == 'dead' and 'dead' or 'completed'
