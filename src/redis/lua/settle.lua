-- Ends deliveries: complete, retry, dead letter or release; a stale receipt changes nothing (T3, T6). A task that was
-- cancelled meanwhile ends as cancelled, whatever the outcome (O3).
-- KEYS  1, 2 frame  3 meta  4-6 streams high, normal, low  7 parked  8 due  9 moved  10 releases
--       11 dead letters by time  12 dead letters  13 limits  14 keyed  15 turns  16 behind  17 history
--       18.. results, one for each op  last: marks of cancelled tasks
-- ARGV  1-5 frame  6 seed  7 node  8 prefix of process channels  9 everyone's channel  10 queue  11 most dead letters
--       then for each op: `<kind> <stream 1-3> <deliveries> <ms: delay or time to live> <notify>`, its place, and its record as it is after
--       one attempt, or 'begun' or ''
-- Returns a frame reply: '1', 'c' (cancelled) or '0' (stale) for each op
-- Complexity: O(ops * log claimed)
local known = openFrame()
if known then
  return known
end
local mint, save = minter(KEYS[3], ARGV[6])
local node, queue = ARGV[7], ARGV[10]
local streams = { KEYS[4], KEYS[5], KEYS[6] }
local q = { keyed = KEYS[14], turns = KEYS[15], behind = KEYS[16], parked = KEYS[7], due = KEYS[8], moved = KEYS[9] }
q.streams, q.releases, q.history = { h = KEYS[4], n = KEYS[5], l = KEYS[6] }, KEYS[10], KEYS[17]
local isPlain = redis.call('EXISTS', KEYS[13], KEYS[14]) == 0
local hasReleased, isAdded, freed = false, false, 0

-- Most ops say the same of their deliveries as the one before: that is read once.
local headBefore, kind, lane, deliveries, ms, notify
local function settle(op, head, place, text)
  if head ~= headBefore then
    headBefore, kind, lane, deliveries, ms, notify = head, string.match(head, '^(%l+) (%d) (%S+) (%S+) (.*)$')
  end
  local entry, name = readPlace(lane, place)
  local stream = KEYS[3 + lane]
  if ended[entry] or not isHeld(stream, entry, node, deliveries) or not isNamed(stream, KEYS[9], lane, entry, name) then
    return '0'
  end
  local mark = markOf(KEYS[#KEYS], name)
  if mark then
    local _, attempts = takeOut('cancelled', stream, q, name, entry, deliveries)
    endCancelled(mark, KEYS[#KEYS], KEYS[17 + op], ARGV[9], queue, name, attempts)
    isAdded = not isPlain and passOn(q, name, mint) or isAdded
    return 'c'
  end
  if kind == 'release' and release(stream, q, name, entry, ms, text) then
    giveUp(stream, entry)
    hasReleased = true
    return '1'
  end
  local envelope, attempts = takeOut(kind, stream, q, name, entry, deliveries)
  if kind == 'retry' or kind == 'release' then
    isAdded = goBack(q, stream, name, mint, envelope, attempts, ms, op) or isAdded
    return '1'
  end
  local record = attempts == 1 and text or kind .. '\31' .. whole(attempts) .. string.sub(text, #kind + 3)
  if kind == 'dead' then
    bury(KEYS[3], KEYS[11], KEYS[12], KEYS[14], name, record .. '\31' .. envelope, ARGV[11])
  end
  isAdded = not isPlain and passOn(q, name, mint, kind == 'dead') or isAdded
  if tonumber(ms) > 0 then
    redis.call('SET', KEYS[17 + op], record, 'PX', ms)
  end
  if notify ~= '' then
    tellText(notify == '*' and ARGV[9] or ARGV[8] .. notify, 'settled\31' .. queue .. '.' .. name .. '\31' .. record)
  end
  return '1'
end

local replies = {}
for op = 1, (#ARGV - 11) / 3 do
  replies[op] = settle(op, ARGV[9 + 3 * op], ARGV[10 + 3 * op], ARGV[11 + 3 * op])
  freed = freed + (replies[op] == '0' and 0 or 1)
end
removeAll()
if hasReleased then
  tell(ARGV[9], 'released', queue)
elseif not isPlain then
  tellRoom(readLimits(redis.call('GET', KEYS[13])), streams, isAdded, freed, ARGV[9], queue)
end
save()
publish()
return closeFrame(replies)
