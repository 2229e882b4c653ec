-- Extends a node's presence, unless it has ended or was revoked, and records which other ones have ended (P1, P4, P5).
-- KEYS  1 presence lease of the node  2 statuses  3 ends of leases  4 beats  5 nodes that are up  6 lifecycle
--       7 newest id of it that was dropped
-- ARGV  1 node  2 lease in ms  3 its status  4 everyone's channel  5 most records
-- Returns {server time in ms, beats}, or {} when the lease is lost
-- Complexity: O(log nodes), plus O(nodes that ended)
recordEnded(KEYS[5], KEYS[6], ARGV[4])
closeRecords(KEYS[6], KEYS[7], ARGV[5], ARGV[4])
local leaseEnd = nowMs + tonumber(ARGV[2])
if redis.call('PEXPIREAT', KEYS[1], whole(leaseEnd - 1)) == 0 then
  return {}
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[3], whole(leaseEnd), ARGV[1])
redis.call('ZADD', KEYS[5], whole(leaseEnd), ARGV[1])
return { nowMs, redis.call('INCR', KEYS[4]) }
