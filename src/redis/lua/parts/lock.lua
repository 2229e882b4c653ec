-- Who holds a lock, for every script of locks (L1, L2, L4 to L8).
-- KEYS  1 holder of a lock (its lease)  2 about: permits, token, turn, holder of the lock, until when it is kept  3 waiters by turn
--       4 waiters by last call  5 their addresses  6 holders of a semaphore by end of lease  7 their tokens
-- ARGV  1 prefix of process channels  2 lock  3 waiter lease in ms  4 hand-over lease in ms  5 holder
-- Returns of grant, tokenOf: the token or nil; of hasRoom: whether a permit is free; of keep, letGo: nothing
-- Complexity: O(log holders)
local function keep(key, leaseMs)
  local ms = 3600000 + tonumber(leaseMs) -- an hour more, and a minute so that this is not done at each call
  if redis.call('PTTL', key) < ms then
    redis.call('PEXPIRE', key, whole(ms + 60000))
  end
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

local function grant(holder, leaseMs)
  if permits == 1 then
    return grantLock(holder, leaseMs)
  end
  local token = nextToken()
  redis.call('ZADD', KEYS[6], whole(nowMs + tonumber(leaseMs)), holder)
  redis.call('HSET', KEYS[7], holder, token)
  redis.call('HSET', KEYS[2], 'token', token, 'permits', permits)
  for _, key in ipairs({ KEYS[2], KEYS[6], KEYS[7] }) do
    keep(key, leaseMs)
  end
  return token
end

-- The token under which `holder` holds a permit now, if it does and the grant was ours.
local function tokenOf(holder)
  if permits > 1 then
    local isHeld = tonumber(redis.call('ZSCORE', KEYS[6], holder) or 0) > nowMs
    return isHeld and redis.call('HGET', KEYS[7], holder) or nil
  end
  return heldToken(holder)
end
