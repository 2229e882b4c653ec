-- Ends deliveries: complete, retry, dead letter or release; a stale receipt changes nothing (T3, T6). A task that was
-- cancelled meanwhile ends as cancelled, whatever the outcome (O3).
-- KEYS  1, 2 frame  3 meta  4-6 streams high, normal, low  7 parked  8 due  9 moved  10 releases
--       11 dead letters by time  12 dead letters  13.. results, one for each op  last: marks of cancelled tasks
-- ARGV  1-5 frame  6 seed  7 node  8 prefix of process channels  9 everyone's channel  10 queue  11 most dead letters
--       then for each op: kind, name, stream 1-3, entry, deliveries, notify, ms (delay or time to live), text, text
-- Returns a frame reply: '1', 'c' (cancelled) or '0' (stale) for each op
-- Complexity: O(ops * log claimed)
local known = openFrame()
if known then
  return known
end
local mint, save = minter(KEYS[3], ARGV[6])
local node, queue = ARGV[7], ARGV[10]
local hasReleased = false

local function settle(op, kind, name, lane, entry, deliveries, notify, ms, ...)
  local stream = KEYS[3 + lane]
  if ended[entry] or not isHeld(stream, entry, node, deliveries) then
    return '0'
  end
  local mark = markOf(KEYS[#KEYS], name)
  if mark then
    local _, attempts = takeOut('cancelled', stream, KEYS[9], KEYS[10], name, entry, deliveries)
    endCancelled(mark, KEYS[#KEYS], KEYS[12 + op], ARGV[9], queue, name, attempts)
    return 'c'
  end
  if kind == 'release' then
    redis.call('XCLAIM', stream, group, pool, 0, entry, 'JUSTID')
    redis.call('HINCRBY', KEYS[10], entry, 1)
    hasReleased = true
    return '1'
  end
  local envelope, attempts = takeOut(kind, stream, KEYS[9], KEYS[10], name, entry, deliveries)
  ms = tonumber(ms)
  if kind == 'retry' then
    if ms > 0 then
      park(KEYS[7], KEYS[8], name, envelope, attempts, ms, op)
    else
      toBack(stream, KEYS[9], name, mint(), envelope, attempts)
    end
    return '1'
  end
  local record = table.concat({ kind, whole(attempts), ... }, '\31')
  if kind == 'dead' then
    bury(KEYS[3], KEYS[11], KEYS[12], name, record .. '\31' .. envelope, ARGV[11])
  end
  if ms > 0 then
    redis.call('SET', KEYS[12 + op], record, 'PX', ms)
  end
  if notify ~= '' then
    tell(ARGV[8] .. notify, 'settled', queue .. '.' .. name, record)
  end
  return '1'
end

local replies = {}
for i = 12, #ARGV, 9 do
  table.insert(replies, settle(#replies + 1, unpack(ARGV, i, i + 8)))
end
if hasReleased then
  tell(ARGV[9], 'released', queue)
end
removeAll()
save()
publish()
return closeFrame(replies)
