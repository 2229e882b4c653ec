-- Extends a node's presence, unless it has ended or was revoked, and records which other ones have ended (P1, P4, P5, P7).
-- KEYS  1 presence lease of the node  2 statuses  3 ends of leases  4 beats  5 version of the roster  6 nodes that are up  7 lifecycle
--       8 newest id of it that was dropped
-- ARGV  1 node  2 lease in ms  3 its status  4 how long ended nodes are kept, in ms  5 most of them that are told  6 everyone's channel
--       7 most records
-- Returns what beat.lua says, or {} when the lease is lost
-- Complexity: O(log nodes), plus O(nodes that ended)
recordEnded(KEYS[6], KEYS[7], ARGV[6])
closeRecords(KEYS[7], KEYS[8], ARGV[7], ARGV[6])
local leaseEnd = nowMs + tonumber(ARGV[2])
if redis.call('PEXPIREAT', KEYS[1], whole(leaseEnd - 1)) == 0 then
  return {}
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[3], whole(leaseEnd), ARGV[1])
redis.call('ZADD', KEYS[6], whole(leaseEnd), ARGV[1])
return tellBeat(ARGV[1], KEYS[3], KEYS[4], KEYS[5], ARGV[4], ARGV[5])
