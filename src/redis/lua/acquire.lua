-- Takes a lock, or a place in the line of its waiters (L1 to L3, L5).
-- KEYS  1-5 lock
-- ARGV  1-5 lock  6 address  7 lease in ms  8 '1' to wait  9 most waiters  10 ms after which a foreign holder is looked at again
-- Returns {'granted', token}, {'waiting', ms}, {'held'} or {'crowded'}
-- Complexity: O(log waiters)
local holder = ARGV[5]
local isWaiting = redis.call('ZSCORE', KEYS[3], holder)
if isWaiting then
  redis.call('ZADD', KEYS[4], whole(nowMs), holder)
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  local first = firstWaiter()
  if not first or first == holder then
    forget(holder)
    return { 'granted', grant(holder, ARGV[7]) }
  end
  handOver()
end
local token = tokenOf(holder)
if token then
  return { 'granted', token }
end
if ARGV[8] ~= '1' then
  return { 'held' }
end
if not isWaiting then
  forgetSilent()
  if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[9]) then
    return { 'crowded' }
  end
  redis.call('ZADD', KEYS[3], whole(nextNumber(KEYS[2], 'turn')), holder)
  redis.call('ZADD', KEYS[4], whole(nowMs), holder)
  redis.call('HSET', KEYS[5], holder, ARGV[6])
end
for key = 2, 5 do
  if redis.call('PTTL', KEYS[key]) < keptMs then
    redis.call('PEXPIRE', KEYS[key], keptMs)
  end
end
local left = redis.call('PTTL', KEYS[1]) + 1
local isForeign = redis.call('HGET', KEYS[2], 'holder') ~= redis.call('GET', KEYS[1])
local longest = tonumber(isForeign and ARGV[10] or ARGV[4])
return { 'waiting', left < 1 and longest or math.min(left, longest) }
