-- Extends a node's presence, unless it has ended or was revoked (P1, P4).
-- KEYS  1 presence lease of the node  2 statuses  3 ends of leases  4 beats
-- ARGV  1 node  2 lease in ms  3 its status
-- Returns {server time in ms, beats}, or {} when the lease is lost
-- Complexity: O(log nodes)
local leaseEnd = nowMs + tonumber(ARGV[2])
if redis.call('PEXPIREAT', KEYS[1], whole(leaseEnd - 1)) == 0 then
  return {}
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[3], whole(leaseEnd), ARGV[1])
return { nowMs, redis.call('INCR', KEYS[4]) }
