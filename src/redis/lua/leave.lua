-- Ends a node's presence at once, forgets the node and tells everyone (P1). What it owned is free without its lease.
-- KEYS  1 presence lease of the node  2 nodes  3 statuses  4 ends of leases
-- ARGV  1 node  2 everyone's channel
-- Returns 1
-- Complexity: O(log nodes), plus the subscribers
redis.call('DEL', KEYS[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
tell(ARGV[2], 'gone', ARGV[1])
publish()
return 1
