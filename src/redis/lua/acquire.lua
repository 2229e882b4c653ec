-- Takes a permit of a lock, or a place in the line of its waiters (L1 to L3, L5, L7 to L9).
-- KEYS  1-7 lock
-- ARGV  1-5 lock  6 address  7 lease in ms  8 '1' to wait  9 most waiters  10 ms after which a foreign holder is looked at again
--       11 permits
-- Returns {'granted', token}, {'waiting', ms}, {'held'}, {'crowded'} or {'permits', the number in use}
-- Complexity: O(log waiters + log holders), times the permits that became free
local holder = ARGV[5]
forgetSilent()
local isWaiting = isAwaited and redis.call('ZSCORE', KEYS[3], holder)
if isWaiting then
  redis.call('ZADD', KEYS[4], whole(nowMs), holder)
end
if permits ~= tonumber(ARGV[11]) then
  hasRoom()
  local isHeld = permits == 1 and about[2] and tokenOf(about[2])
  if isHeld or redis.call('ZCARD', KEYS[6]) > 0 or firstWaiter() then
    return { 'permits', permits }
  end
  permits = tonumber(ARGV[11])
  redis.call('HSET', KEYS[2], 'permits', permits)
  keep(KEYS[2], 0)
end
local pauseMs = pauseLeftMs()
local isFree = pauseMs == 0 and hasRoom()
local first = isFree and firstWaiter()
while isFree and first and first ~= holder do
  handTo(first)
  isFree = hasRoom()
  first = isFree and firstWaiter()
end
local token = tokenOf(holder)
if not token and isFree then
  forget(holder)
  token = grant(holder, ARGV[7])
end
publish()
if token then
  return { 'granted', token }
end
if ARGV[8] ~= '1' then
  return { 'held' }
end
if not isWaiting then
  if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[9]) then
    return { 'crowded' }
  end
  redis.call('ZADD', KEYS[3], whole(nextNumber(KEYS[2], 'turn')), holder)
  redis.call('ZADD', KEYS[4], whole(nowMs), holder)
  redis.call('HSET', KEYS[5], holder, ARGV[6])
end
for key = 2, 5 do
  keep(KEYS[key], 0)
end
if permits > 1 then
  local firstEnd = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')[2]
  return { 'waiting', math.min(tonumber(firstEnd) - nowMs, tonumber(ARGV[4])) }
end
local left = redis.call('PTTL', KEYS[1]) + 1
if pauseMs > 0 and hasRoom() then
  return { 'waiting', pauseMs }
end
local isForeign = about[2] ~= redis.call('GET', KEYS[1])
if isForeign then
  endRow()
end
local longest = tonumber(isForeign and ARGV[10] or ARGV[4])
return { 'waiting', left < 1 and longest or math.min(left, longest) }
