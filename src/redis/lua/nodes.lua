-- Lists nodes, the ones whose lease ends last first, with the time their leases have left.
-- KEYS  1 nodes  2 statuses  3 ends of leases
-- ARGV  1 how long ended nodes are kept, in ms  2 most nodes
-- Returns rows {node, description, status, ms left; 0 when ended}
-- Complexity: O(nodes)
local longAgo = '(' .. whole(nowMs - tonumber(ARGV[1]))
local ends = redis.call('ZREVRANGEBYSCORE', KEYS[3], '+inf', longAgo, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local rows = {}
for i = 1, #ends, 2 do
  local node = ends[i]
  local about, status = redis.call('HGET', KEYS[1], node), redis.call('HGET', KEYS[2], node)
  table.insert(rows, { node, about, status, math.max(0, tonumber(ends[i + 1]) - nowMs) })
end
return rows
