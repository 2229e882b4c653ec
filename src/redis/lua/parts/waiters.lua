-- The line of those who wait for a lock, for the scripts that take and give permits (L3, L4).
-- KEYS  1-7 lock
-- ARGV  1-5 lock
-- Returns of firstWaiter: it or nil; of the others: nothing
-- Complexity: O(log waiters), O(silent waiters * log waiters) for those that are forgotten

-- Few locks are waited for; all others pay one EXISTS for a whole call.
local isAwaited = redis.call('EXISTS', KEYS[3]) == 1

local function forget(waiter)
  if not isAwaited then
    return
  end
  redis.call('ZREM', KEYS[3], waiter)
  redis.call('ZREM', KEYS[4], waiter)
  redis.call('HDEL', KEYS[5], waiter)
end

local function forgetSilent()
  if not isAwaited then
    return
  end
  local silentSince = whole(nowMs - tonumber(ARGV[3]))
  for _, waiter in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', silentSince)) do
    forget(waiter)
  end
end

local function firstWaiter()
  forgetSilent()
  return isAwaited and redis.call('ZRANGE', KEYS[3], 0, 0)[1] or nil
end

local function handTo(waiter)
  local address = redis.call('HGET', KEYS[5], waiter)
  forget(waiter)
  tell(ARGV[1] .. address, 'granted', ARGV[2], waiter, grant(waiter, ARGV[4]))
end
