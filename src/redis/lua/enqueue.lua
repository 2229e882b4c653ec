-- Stores new tasks, waiting or parked, unless their key stands for one already (T7) or the queue is full (T1). A task that is not
-- the first of its concurrency key waits behind the others (T8).
-- KEYS  1, 2 frame  3 meta  4-6 streams high, normal, low  7 parked  8 due  9 limits  10 keyed  11 turns  12 behind
--       13.. keys, of the ops that have one
-- ARGV  1-5 frame  6 seed  7 queue  8 everyone's channel; then for each op: stream 1-3, delay in ms, envelope, most tasks, ms
--       its key lives (0: no key), concurrency key ('': none)
-- Returns a frame reply: '+<number>', '=<name of the task known>' or '!<tasks in the queue>' for each op
-- Complexity: O(ops), O(log parked) for delayed ones, O(log keyed) for those with a concurrency key
local known = openFrame()
if known then
  return known
end
local mint, save = minter(KEYS[3], ARGV[6])
local streams, letters = { KEYS[4], KEYS[5], KEYS[6] }, { 'h', 'n', 'l' }
local q = { keyed = KEYS[10], turns = KEYS[11], behind = KEYS[12] }
local isPlain = redis.call('EXISTS', KEYS[9], KEYS[10]) == 0
local tasks = redis.call('HLEN', KEYS[7]) + (isPlain and 0 or redis.call('HLEN', q.behind))
for lane = 1, 3 do
  tasks = tasks + redis.call('XLEN', streams[lane])
end
local isAdded = false

-- Puts an accepted task where it belongs; `order` as for `park`.
local function place(lane, number, delay, envelope, turn, order)
  local name = letters[lane] .. '.' .. number
  if turn ~= '' and not standInLine(q, sharedPart(turn), number, name) then
    waitBehind(q, name, envelope, delay > 0 and whole(nowUs + delay * 1000 + order) or '0')
  elseif delay > 0 then
    park(KEYS[7], KEYS[8], name, envelope, 0, delay, order)
  else
    redis.call('XADD', streams[lane], number, 'e', envelope)
    isAdded = true
  end
  return name
end

local replies, keyed = {}, 12
for i = 9, #ARGV, 6 do
  local keyMs, key = tonumber(ARGV[i + 4]), nil
  if keyMs > 0 then
    keyed = keyed + 1
    key = KEYS[keyed]
  end
  local knownTask = key and redis.call('GET', key)
  if knownTask then
    table.insert(replies, '=' .. knownTask)
  elseif tasks >= tonumber(ARGV[i + 3]) then
    table.insert(replies, '!' .. tasks)
  else
    local number = mint()
    local name = place(tonumber(ARGV[i]), number, tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 5], #replies)
    if key then
      redis.call('SET', key, name, 'PX', keyMs)
    end
    tasks = tasks + 1
    table.insert(replies, '+' .. number)
  end
end
save()
if isAdded and not isPlain then
  tellRoom(readLimits(redis.call('GET', KEYS[9])), streams, true, 0, ARGV[8], ARGV[7])
  publish()
end
return closeFrame(replies)
