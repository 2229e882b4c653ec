-- Removes a schedule and everything that is kept of it.
-- KEYS  1 definitions  2 due times  3 begun runs  4 paused  5 tallies
-- ARGV  1 name
-- Returns 1, or 0 when there was none
-- Complexity: O(log schedules)
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('SREM', KEYS[4], ARGV[1])
redis.call('HDEL', KEYS[5], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])
