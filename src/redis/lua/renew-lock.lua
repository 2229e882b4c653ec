-- Extends the lease of a lock for its holder (L6).
-- KEYS  1-5 lock
-- ARGV  1-5 lock  6 token  7 lease in ms
-- Returns 1, or 0 when it is no longer the holder's
-- Complexity: O(1)
if tokenOf(ARGV[5]) ~= ARGV[6] then
  return 0
end
redis.call('PEXPIRE', KEYS[2], whole(keptMs + tonumber(ARGV[7])))
return redis.call('PEXPIRE', KEYS[1], ARGV[7])
