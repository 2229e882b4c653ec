-- Puts a task of the fleet into the foreign queue, once (G1, G5).
-- KEYS  1 lease of the bridge  2 queue  3 what is out: foreign id and time by task  4 tasks by foreign id  5 texts by task
--       6 answers by foreign id
-- ARGV  1 node  2 task  3 foreign id  4 text
-- Returns 'BRIDGE', 'HELD', or {'put' or 'known', foreign id, ms, answer or nil}
-- Complexity: O(1)
if not isBridge() then
  return 'BRIDGE'
end
local known = redis.call('HGET', KEYS[3], ARGV[2])
if known then
  local foreignId, at = string.match(known, '^(.*)\31(%d+)$')
  return { 'known', foreignId, at, redis.call('HGET', KEYS[6], foreignId) }
end
local type = typeOf(KEYS[2])
if type ~= 'list' and type ~= 'none' then
  return 'HELD'
end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3] .. '\31' .. whole(nowMs))
redis.call('HSET', KEYS[4], ARGV[3], ARGV[2])
redis.call('HSET', KEYS[5], ARGV[2], ARGV[4])
redis.call('LPUSH', KEYS[2], ARGV[4])
return { 'put', ARGV[3], whole(nowMs) }
