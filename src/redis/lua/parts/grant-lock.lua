-- Grants a lock: not a permit of a semaphore, which lock.lua grants (L1, L2).
-- KEYS  1-7 lock (lock.lua)
-- ARGV  none
-- Returns of nextToken, grantLock: the token
-- Complexity: O(1)

-- Tokens are greater than the time in microseconds, so forgetting the last one after an hour breaks nothing (L2).
local function nextToken()
  about[3] = whole(math.max((tonumber(about[3]) or 0) + 1, nowUs))
  return about[3]
end

-- The book is kept an hour longer than the lease, and a minute more, so that this is not done at each grant; until when stands in it.
local function grantLock(holder, leaseMs)
  local token, neededMs = nextToken(), nowMs + 3600000 + tonumber(leaseMs)
  about[2] = holder
  redis.call('SET', KEYS[1], holder, 'PX', leaseMs)
  if tonumber(about[6] or 0) >= neededMs then
    redis.call('HSET', KEYS[2], 'token', token, 'holder', holder, 'permits', '1')
    return token
  end
  about[6] = whole(neededMs + 60000)
  redis.call('HSET', KEYS[2], 'token', token, 'holder', holder, 'permits', '1', 'keptUntil', about[6])
  redis.call('PEXPIREAT', KEYS[2], about[6])
  return token
end
