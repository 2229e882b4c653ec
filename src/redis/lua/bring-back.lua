-- Brings back tasks that were accepted and then lost, under the names they had (T9). What the queue still has, it leaves alone.
-- KEYS  1, 2 frame  3 meta  4-6 streams high, normal, low  7 parked  8 due  9 limits  10 keyed  11 turns  12 behind
--       13 moved  14 dead letters  then for each op: its result, and its key ('' when it has none: the result again)
-- ARGV  1-5 frame  6 seed  7 queue  8 everyone's channel; then for each op: stream 1-3, delay in ms, envelope, name, ms its key
--       lives (0: no key), concurrency key ('': none)
-- Returns a frame reply: '+<number>' for each op
-- Complexity: O(ops), O(log parked) for delayed ones, O(log keyed) for those with a concurrency key
local known = openFrame()
if known then
  return known
end
local mint, save = minter(KEYS[3], ARGV[6])
local streams = { KEYS[4], KEYS[5], KEYS[6] }
local q = { keyed = KEYS[10], turns = KEYS[11], behind = KEYS[12] }
local isAdded = false

local function isThere(lane, number, name, result)
  if redis.call('EXISTS', result) == 1 or #redis.call('XRANGE', streams[lane], number, number) > 0 then
    return true
  end
  for _, place in ipairs({ KEYS[7], KEYS[12], KEYS[13], KEYS[14] }) do
    if redis.call('HEXISTS', place, name) == 1 then
      return true
    end
  end
end

local function place(lane, number, name, delay, envelope, turn, order)
  if turn ~= '' and not standInLine(q, sharedPart(turn), number, name) then
    waitBehind(q, name, envelope, delay > 0 and whole(nowUs + delay * 1000 + order) or '0')
  elseif delay > 0 then
    park(KEYS[7], KEYS[8], name, envelope, 0, delay, order)
  else
    toBack(streams[lane], KEYS[13], name, mint(), envelope, 0)
    isAdded = true
  end
end

local replies = {}
for i = 9, #ARGV, 6 do
  local at = 15 + 2 * #replies
  local lane, name, keyMs = tonumber(ARGV[i]), ARGV[i + 3], tonumber(ARGV[i + 4])
  local number = string.sub(name, 3)
  if not isThere(lane, number, name, KEYS[at]) then
    place(lane, number, name, tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 5], #replies)
    if keyMs > 0 then
      redis.call('SET', KEYS[at + 1], name, 'PX', keyMs, 'NX')
    end
  end
  table.insert(replies, '+' .. number)
end
save()
if isAdded then
  tellRoom(readLimits(redis.call('GET', KEYS[9])), streams, true, 0, ARGV[8], ARGV[7])
  publish()
end
return closeFrame(replies)
