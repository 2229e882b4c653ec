-- Who holds a lock and who waits for it, for every script of locks (L1 to L5).
-- KEYS  1 holder (its lease)  2 about the holder: holder, token  3 waiters by turn  4 waiters by last call  5 their addresses
-- ARGV  1 prefix of process channels  2 lock  3 waiter lease in ms  4 hand-over lease in ms  5 holder
-- Returns of handOver: whether somebody took it
-- Complexity: O(log waiters)
local keptMs = 3600000

local function forget(waiter)
  redis.call('ZREM', KEYS[3], waiter)
  redis.call('ZREM', KEYS[4], waiter)
  redis.call('HDEL', KEYS[5], waiter)
end

local function forgetSilent()
  local silentSince = whole(nowMs - tonumber(ARGV[3]))
  for _, waiter in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', silentSince)) do
    forget(waiter)
  end
end

-- Tokens are greater than the time in microseconds, so forgetting the last one after an hour breaks nothing (L2).
local function grant(holder, leaseMs)
  redis.call('SET', KEYS[1], holder, 'PX', leaseMs)
  local token = whole(nextNumber(KEYS[2], 'token'))
  redis.call('HSET', KEYS[2], 'holder', holder)
  redis.call('PEXPIRE', KEYS[2], whole(keptMs + tonumber(leaseMs)))
  return token
end

local function firstWaiter()
  forgetSilent()
  return redis.call('ZRANGE', KEYS[3], 0, 0)[1]
end

local function handOver()
  local waiter = firstWaiter()
  if not waiter then
    redis.call('DEL', KEYS[1])
    return
  end
  local address = redis.call('HGET', KEYS[5], waiter)
  forget(waiter)
  tell(ARGV[1] .. address, 'granted', ARGV[2], waiter, grant(waiter, ARGV[4]))
  publish()
end

-- The token under which `holder` holds the lock now, if it does and the grant was ours.
local function tokenOf(holder)
  if redis.call('GET', KEYS[1]) ~= holder then
    return nil
  end
  local about = redis.call('HMGET', KEYS[2], 'holder', 'token')
  return about[1] == holder and about[2] or nil
end
