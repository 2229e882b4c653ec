-- Counts the tasks of a queue by where they are, and tells its limits.
-- KEYS  1 meta  2-4 streams high, normal, low  5 parked  6 dead letters by time  7 paused  8 behind  9 limits
-- ARGV  none
-- Returns {waiting, parked, claimed, dead, dead letters dropped, 1 when paused, limits}
-- Complexity: O(nodes with claims), whatever the backlog
local claimed, waiting = countTasks({ KEYS[2], KEYS[3], KEYS[4] })
waiting = waiting + redis.call('HLEN', KEYS[8])
local dropped = tonumber(redis.call('HGET', KEYS[1], 'deadDropped') or 0)
local flags = { redis.call('EXISTS', KEYS[7]), redis.call('GET', KEYS[9]) }
return { waiting, redis.call('HLEN', KEYS[5]), claimed, redis.call('ZCARD', KEYS[6]), dropped, flags[1], flags[2] }
