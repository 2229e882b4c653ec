-- Pauses a schedule, or resumes it at a due time (U4, U5).
-- KEYS  1 definitions  2 due times  3 begun runs  4 paused
-- ARGV  1 name  2 due time in ms, or '' to pause  3 everyone's channel
-- Returns 1 when that changed something, 0 when not, -1 when there is no such schedule
-- Complexity: O(log schedules), plus the processes that listen
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return -1
end
if ARGV[2] == '' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('HDEL', KEYS[3], ARGV[1])
  return redis.call('SADD', KEYS[4], ARGV[1])
end
if redis.call('SREM', KEYS[4], ARGV[1]) == 0 then
  return 0
end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
tell(ARGV[3], 'scheduled', ARGV[1])
publish()
return 1
