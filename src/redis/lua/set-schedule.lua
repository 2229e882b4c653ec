-- Stores a schedule: a changed plan takes the new due time, a changed body keeps the old one (U1, U5).
-- KEYS  1 definitions  2 due times  3 begun runs  4 paused
-- ARGV  1 name  2 plan  3 body  4 due time in ms  5 most schedules  6 everyone's channel
-- Returns 'created', 'changed', 'unchanged' or 'too-many'
-- Complexity: O(log schedules), plus the processes that listen
local plan = ARGV[2] .. '\31'
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old == plan .. ARGV[3] then
  return 'unchanged'
end
if not old and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then
  return 'too-many'
end
redis.call('HSET', KEYS[1], ARGV[1], plan .. ARGV[3])
if not old or string.sub(old, 1, #plan) ~= plan then
  redis.call('HDEL', KEYS[3], ARGV[1])
  if redis.call('SISMEMBER', KEYS[4], ARGV[1]) == 0 then
    redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
  end
end
tell(ARGV[6], 'scheduled', ARGV[1])
publish()
return old and 'changed' or 'created'
