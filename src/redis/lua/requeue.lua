-- Puts dead letters back into their queue, to be tried from attempt 1 (Q3).
-- KEYS  1 meta  2-4 streams high, normal, low  5 moved  6 dead letters by time  7 dead letters  8.. results, one for each name
-- ARGV  1 seed  2.. names of tasks
-- Returns the names that were there
-- Complexity: O(names * log dead)
local lanes = { h = 2, n = 3, l = 4 }
local mint, save = minter(KEYS[1], ARGV[1])
local found = {}
for i = 2, #ARGV do
  local name = ARGV[i]
  local letter = redis.call('HGET', KEYS[7], name)
  if letter then
    local envelope = string.match(letter, '^' .. string.rep('[^\31]*\31', 5) .. '(.*)$')
    toBack(KEYS[lanes[string.sub(name, 1, 1)]], KEYS[5], name, mint(), envelope, 0)
    redis.call('ZREM', KEYS[6], name)
    redis.call('HDEL', KEYS[7], name)
    redis.call('DEL', KEYS[6 + i])
    table.insert(found, name)
  end
end
save()
return found
