-- Says who holds a lock.
-- KEYS  1-5 lock
-- ARGV  1-5 lock
-- Returns {} when it is free, else {holder, token or '' for a foreign holder, ms left, waiters}
-- Complexity: O(log waiters)
local holder = redis.call('GET', KEYS[1])
if not holder then
  return {}
end
local waiters = redis.call('ZCOUNT', KEYS[4], '(' .. whole(nowMs - tonumber(ARGV[3])), '+inf')
return { holder, tokenOf(holder) or '', redis.call('PTTL', KEYS[1]), waiters }
