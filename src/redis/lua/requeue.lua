-- Puts dead letters back into their queue, to be tried from attempt 1 (Q3).
-- One that has a concurrency key stands in line behind the others of its key (T8).
-- KEYS  1 meta  2-4 streams high, normal, low  5 moved  6 dead letters by time  7 dead letters  8 limits  9 keyed  10 turns
--       11 behind  12.. results, one for each name
-- ARGV  1 seed  2 queue  3 everyone's channel  4.. names of tasks
-- Returns the names that were there
-- Complexity: O(names * log dead)
local lanes = { h = 2, n = 3, l = 4 }
local mint, save = minter(KEYS[1], ARGV[1])
local q = { keyed = KEYS[9], turns = KEYS[10], behind = KEYS[11] }
local isPlain = redis.call('EXISTS', KEYS[8], KEYS[9]) == 0
local found, arrived = {}, false
for i = 4, #ARGV do
  local name = ARGV[i]
  local letter = redis.call('HGET', KEYS[7], name)
  if letter then
    local envelope = string.match(letter, '^' .. string.rep('[^\31]*\31', 5) .. '(.*)$')
    local number, turn = mint(), not isPlain and redis.call('HGET', q.keyed, name)
    if turn and not standInLine(q, sharedPartOf(turn), number, name) then
      waitBehind(q, name, envelope, '0')
    else
      toBack(KEYS[lanes[string.sub(name, 1, 1)]], KEYS[5], name, number, envelope, 0)
      arrived = true
    end
    redis.call('ZREM', KEYS[6], name)
    redis.call('HDEL', KEYS[7], name)
    redis.call('DEL', KEYS[8 + i])
    table.insert(found, name)
  end
end
save()
if #found > 0 and not isPlain then
  tellRoom(readLimits(redis.call('GET', KEYS[8])), { KEYS[2], KEYS[3], KEYS[4] }, arrived, 0, ARGV[3], ARGV[2])
  publish()
end
return found
