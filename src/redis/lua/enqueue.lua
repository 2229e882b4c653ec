-- Stores new tasks, waiting or parked, unless their key stands for one already (T7) or the queue is full (T1). A task that is not
-- the first of its concurrency key waits behind the others (T8).
-- KEYS  1, 2 frame  3 meta  4-6 streams high, normal, low  7 parked  8 due  9 limits  10 keyed  11 turns  12 behind
--       13.. keys, of the ops that have one
-- ARGV  1-5 frame  6 seed  7 queue  8 everyone's channel; then for each op: `<stream 1-3> <delay in ms> <most tasks>
--       <ms its key lives, 0: no key> <concurrency key, or nothing>`, and its envelope
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

local function nameOf(lane, number)
  return letters[lane] .. '.' .. number
end

-- Puts an accepted task where it belongs; `order` as for `park`.
local function place(lane, number, delay, envelope, turn, order)
  if turn ~= '' and not standInLine(q, sharedPart(turn), number, nameOf(lane, number)) then
    waitBehind(q, nameOf(lane, number), envelope, delay > 0 and whole(nowUs + delay * 1000 + order) or '0')
  elseif delay > 0 then
    park(KEYS[7], KEYS[8], nameOf(lane, number), envelope, 0, delay, order)
  else
    redis.call('XADD', streams[lane], number, 'e', envelope)
    isAdded = true
  end
end

-- Most ops say the same of their tasks as the one before: that is read once.
local keyed = 12
local headBefore, lane, delay, most, keyMs, turn
local function add(head, envelope, order)
  if head ~= headBefore then
    lane, delay, most, keyMs, turn = string.match(head, '^(%d) (%S+) (%S+) (%S+) (.*)$')
    headBefore, lane, delay, most = head, tonumber(lane), tonumber(delay), tonumber(most)
  end
  local key
  if keyMs ~= '0' then
    keyed = keyed + 1
    key = KEYS[keyed]
  end
  local knownTask = key and redis.call('GET', key)
  if knownTask then
    return '=' .. knownTask
  end
  if tasks >= most then
    return '!' .. tasks
  end
  local number = mint()
  place(lane, number, delay, envelope, turn, order)
  if key then
    redis.call('SET', key, nameOf(lane, number), 'PX', keyMs)
  end
  tasks = tasks + 1
  return '+' .. number
end

local replies = {}
for op = 1, (#ARGV - 8) / 2 do
  replies[op] = add(ARGV[7 + 2 * op], ARGV[8 + 2 * op], op - 1)
end
save()
if isAdded and not isPlain then
  tellRoom(readLimits(redis.call('GET', KEYS[9])), streams, true, 0, ARGV[8], ARGV[7])
  publish()
end
return closeFrame(replies)
