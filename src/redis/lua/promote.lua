-- Moves parked tasks that are due to the back of their queue, in the order in which they fell due (T5).
-- KEYS  1 presence lease of the node  2 meta  3-5 streams high, normal, low  6 parked  7 due  8 moved  9 limits
--       10 history
-- ARGV  1 seed  2 most tasks  3 queue  4 everyone's channel
-- Returns 'PRESENCE', or {moved, ms until the next one is due; -1 when nothing is parked}
-- Complexity: O(tasks moved * log parked)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
local lanes = { h = 3, n = 4, l = 5 }
local mint, save = minter(KEYS[2], ARGV[1])
local names = redis.call('ZRANGEBYSCORE', KEYS[7], '-inf', whole(nowUs), 'LIMIT', 0, ARGV[2])
for _, name in ipairs(names) do
  local attempts, envelope = string.match(redis.call('HGET', KEYS[6], name), '^(%d+)\31(.*)$')
  local stream, past = KEYS[lanes[string.sub(name, 1, 1)]], pastOf(KEYS[10], name)
  toBack(stream, KEYS[8], name, mint(), envelope, tonumber(attempts), past)
  redis.call('ZREM', KEYS[7], name)
  redis.call('HDEL', KEYS[6], name)
end
save()
if #names > 0 then
  tellRoom(readLimits(redis.call('GET', KEYS[9])), { KEYS[3], KEYS[4], KEYS[5] }, true, 0, ARGV[4], ARGV[3])
  publish()
end
local following = redis.call('ZRANGE', KEYS[7], 0, 0, 'WITHSCORES')
if not following[2] then
  return { #names, -1 }
end
return { #names, math.max(0, math.ceil((tonumber(following[2]) - nowUs) / 1000)) }
