-- Takes the lease of the bridge or keeps it; gives it back when it is to last no time (B1).
-- KEYS  1 lease of the bridge  2 presence lease of the node
-- ARGV  1 node  2 ms
-- Returns 1 when the node is the bridge now, else 0
-- Complexity: O(1)
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
if tonumber(ARGV[2]) <= 0 or redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
