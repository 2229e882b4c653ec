-- Keeps the first answer to each task that is out, and how far the completions were looked at (G2, G4, G5).
-- KEYS  1 lease of the bridge  2 tasks by foreign id  3 answers by foreign id  4 mark: count, last
-- ARGV  1 node  2, 3 mark, or ''  then for each answer: foreign id, answer
-- Returns 'BRIDGE', or the foreign ids of which the answer was the first
-- Complexity: O(answers)
if not isBridge() then
  return 'BRIDGE'
end
local first = {}
for i = 4, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 and redis.call('HSETNX', KEYS[3], ARGV[i], ARGV[i + 1]) == 1 then
    table.insert(first, ARGV[i])
  end
end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[4], 'count', ARGV[2], 'last', ARGV[3])
end
return first
