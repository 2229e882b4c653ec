-- Begins a node's presence, and forgets nodes that ended long ago (P1, P4).
-- KEYS  1 presence lease of the node  2 nodes  3 statuses  4 ends of leases  5 beats
-- ARGV  1 node  2 lease in ms  3 its description  4 its status  5 how long ended nodes are kept, in ms
-- Returns {server time in ms, beats}
-- Complexity: O(log nodes), plus O(nodes forgotten)
-- The lease and the time it is listed with end together: an expired key is one whose time lies behind, not at, now.
local leaseEnd = nowMs + tonumber(ARGV[2])
redis.call('SET', KEYS[1], '1', 'PXAT', whole(leaseEnd - 1))
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
redis.call('ZADD', KEYS[4], whole(leaseEnd), ARGV[1])
local longAgo = whole(nowMs - tonumber(ARGV[5]))
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', longAgo, 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[4], node)
  redis.call('HDEL', KEYS[2], node)
  redis.call('HDEL', KEYS[3], node)
end
return { nowMs, redis.call('INCR', KEYS[5]) }
