-- Forgets tasks that were out, and takes those that nobody has taken yet out of the foreign queue (G3, G5).
-- KEYS  1 lease of the bridge  2 queue  3 what is out  4 tasks by foreign id  5 texts by task  6 answers by foreign id
-- ARGV  1 node  then for each task: its id
-- Returns 'BRIDGE' or 'OK'
-- Complexity: O(tasks), and O(entries of the queue) for each task without an answer
if not isBridge() then
  return 'BRIDGE'
end
for i = 2, #ARGV do
  local known = redis.call('HGET', KEYS[3], ARGV[i])
  if known then
    local foreignId = string.match(known, '^(.*)\31')
    if redis.call('HDEL', KEYS[6], foreignId) == 0 and typeOf(KEYS[2]) == 'list' then
      redis.call('LREM', KEYS[2], 1, redis.call('HGET', KEYS[5], ARGV[i]))
    end
    redis.call('HDEL', KEYS[3], ARGV[i])
    redis.call('HDEL', KEYS[4], foreignId)
    redis.call('HDEL', KEYS[5], ARGV[i])
  end
end
return 'OK'
