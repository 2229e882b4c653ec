-- Who holds a lock and who waits for it, for every script of locks (L1 to L8).
-- KEYS  1 holder of a lock (its lease)  2 about: permits, token, turn, holder of the lock  3 waiters by turn
--       4 waiters by last call  5 their addresses  6 holders of a semaphore by end of lease  7 their tokens
-- ARGV  1 prefix of process channels  2 lock  3 waiter lease in ms  4 hand-over lease in ms  5 holder
-- Returns of firstWaiter, grant, tokenOf: it or nil; of hasRoom: whether a permit is free; of handTo, forgetSilent: nothing
-- Complexity: O(log waiters + log holders)
local permits = tonumber(redis.call('HGET', KEYS[2], 'permits') or 1)

local function keep(key, leaseMs)
  local ms = 3600000 + tonumber(leaseMs) -- an hour more
  if redis.call('PTTL', key) < ms then
    redis.call('PEXPIRE', key, whole(ms))
  end
end

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

local function firstWaiter()
  forgetSilent()
  return redis.call('ZRANGE', KEYS[3], 0, 0)[1]
end

local function letGo(holder)
  redis.call('ZREM', KEYS[6], holder)
  redis.call('HDEL', KEYS[7], holder)
end

local function hasRoom()
  if permits == 1 then
    return redis.call('EXISTS', KEYS[1]) == 0
  end
  for _, holder in ipairs(redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', whole(nowMs))) do
    letGo(holder)
  end
  return redis.call('ZCARD', KEYS[6]) < permits
end

-- Tokens are greater than the time in microseconds, so forgetting the last one after an hour breaks nothing (L2).
local function grant(holder, leaseMs)
  local token = whole(nextNumber(KEYS[2], 'token'))
  if permits == 1 then
    redis.call('SET', KEYS[1], holder, 'PX', leaseMs)
    redis.call('HSET', KEYS[2], 'holder', holder, 'permits', 1)
  else
    redis.call('ZADD', KEYS[6], whole(nowMs + tonumber(leaseMs)), holder)
    redis.call('HSET', KEYS[7], holder, token)
    redis.call('HSET', KEYS[2], 'permits', permits)
    keep(KEYS[6], leaseMs)
    keep(KEYS[7], leaseMs)
  end
  keep(KEYS[2], leaseMs)
  return token
end

local function handTo(waiter)
  local address = redis.call('HGET', KEYS[5], waiter)
  forget(waiter)
  tell(ARGV[1] .. address, 'granted', ARGV[2], waiter, grant(waiter, ARGV[4]))
end

-- The token under which `holder` holds a permit now, if it does and the grant was ours.
local function tokenOf(holder)
  if permits > 1 then
    local isHeld = tonumber(redis.call('ZSCORE', KEYS[6], holder) or 0) > nowMs
    return isHeld and redis.call('HGET', KEYS[7], holder) or nil
  end
  local about = redis.call('HMGET', KEYS[2], 'holder', 'token')
  return about[1] == holder and redis.call('GET', KEYS[1]) == holder and about[2] or nil
end
