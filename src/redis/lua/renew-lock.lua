-- Extends the lease of a permit of a lock for its holder (L6).
-- KEYS  1-7 lock
-- ARGV  1-5 lock  6 token  7 lease in ms
-- Returns 1, or 0 when it is no longer the holder's
-- Complexity: O(log holders)
if tokenOf(ARGV[5]) ~= ARGV[6] then
  return 0
end
if permits == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[7])
else
  redis.call('ZADD', KEYS[6], whole(nowMs + tonumber(ARGV[7])), ARGV[5])
  keep(KEYS[6], ARGV[7])
  keep(KEYS[7], ARGV[7])
end
keep(KEYS[2], ARGV[7])
return 1
