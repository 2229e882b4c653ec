-- Begins a node's presence, records it, and forgets nodes that ended long ago (P1, P4, P5, P7).
-- KEYS  1 presence lease of the node  2 nodes  3 statuses  4 ends of leases  5 beats  6 version of the roster  7 nodes that are up
--       8 lifecycle  9 newest id of it that was dropped
-- ARGV  1 node  2 lease in ms  3 its description  4 its status  5 how long ended nodes are kept, in ms  6 most of them that are told
--       7 everyone's channel  8 most records
-- Returns what beat.lua says
-- Complexity: O(log nodes), plus O(nodes forgotten + nodes that ended)
recordEnded(KEYS[7], KEYS[8], ARGV[7])
-- The lease and the time it is listed with end together: an expired key is one whose time lies behind, not at, now.
local leaseEnd = nowMs + tonumber(ARGV[2])
redis.call('SET', KEYS[1], '1', 'PXAT', whole(leaseEnd - 1))
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
redis.call('ZADD', KEYS[4], whole(leaseEnd), ARGV[1])
if redis.call('ZADD', KEYS[7], whole(leaseEnd), ARGV[1]) == 1 then
  recordChange(KEYS[8], 'node.up', ARGV[1])
end
local longAgo = whole(nowMs - tonumber(ARGV[5]))
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', longAgo, 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[4], node)
  redis.call('HDEL', KEYS[2], node)
  redis.call('HDEL', KEYS[3], node)
end
closeRecords(KEYS[8], KEYS[9], ARGV[8], ARGV[7])
return tellBeat(ARGV[1], KEYS[4], KEYS[5], KEYS[6], ARGV[5], ARGV[6])
