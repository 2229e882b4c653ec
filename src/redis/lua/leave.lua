-- Ends a node's presence at once, records that, forgets the node and tells everyone (P1, P5). What it owned is free without its lease.
-- KEYS  1 presence lease of the node  2 nodes  3 statuses  4 ends of leases  5 nodes that are up  6 lifecycle
--       7 newest id of it that was dropped
-- ARGV  1 node  2 everyone's channel  3 most records
-- Returns 1
-- Complexity: O(log nodes), plus the subscribers
local reason = redis.call('DEL', KEYS[1]) == 1 and 'left' or 'lease ended'
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
if redis.call('ZREM', KEYS[5], ARGV[1]) == 1 then
  recordChange(KEYS[6], 'node.down', ARGV[1], 'reason', reason)
end
tell(ARGV[2], 'gone', ARGV[1])
closeRecords(KEYS[6], KEYS[7], ARGV[3], ARGV[2])
return 1
