-- Lists nodes, the ones whose lease ends last first, with the time their leases have left; or only those that have ended and the two
-- whose leases end first.
-- KEYS  1 nodes  2 statuses  3 ends of leases
-- ARGV  1 how long ended nodes are kept, in ms  2 most nodes  3 1 for the latter, without statuses
-- Returns rows {node, description, status or nil, ms left; 0 when ended}
-- Complexity: O(nodes that are listed + log nodes)
local longAgo = '(' .. whole(nowMs - tonumber(ARGV[1]))
local isEnding = ARGV[3] == '1'
local latest = isEnding and whole(nowMs) or '+inf'
local ends = redis.call('ZREVRANGEBYSCORE', KEYS[3], latest, longAgo, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
if isEnding then
  for _, one in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. latest, '+inf', 'WITHSCORES', 'LIMIT', 0, 2)) do
    table.insert(ends, one)
  end
end
local ids, rows = {}, {}
for i = 1, #ends, 2 do
  table.insert(ids, ends[i])
end
if #ids == 0 then
  return rows
end
local abouts = redis.call('HMGET', KEYS[1], unpack(ids))
local statuses = isEnding and {} or redis.call('HMGET', KEYS[2], unpack(ids))
for i, node in ipairs(ids) do
  table.insert(rows, { node, abouts[i], statuses[i] or false, math.max(0, tonumber(ends[2 * i]) - nowMs) })
end
return rows
