-- Grants a lock that nobody holds and nobody waits for, before anything is prepared that only the other cases need (L1, L2).
-- KEYS  1-7 lock
-- ARGV  1-5 lock  7 lease in ms  11 permits
-- Returns {'granted', token} when it does
-- Complexity: O(1)
local isLock = permits == 1 and ARGV[11] == '1' and tonumber(about[4] or 0) <= nowMs
if isLock and redis.call('EXISTS', KEYS[1], KEYS[3]) == 0 then
  return { 'granted', grantLock(ARGV[5], ARGV[7]) }
end
