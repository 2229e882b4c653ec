-- Cancels a task: removes one that is not claimed and tells everyone its end, marks a claimed one and tells its holder.
-- KEYS  1 stream of its priority  2 parked  3 due  4 moved  5 releases  6 dead letters  7 marks  8 result  9 meta
--       10-12 streams high, normal, low  13 limits  14 keyed  15 turns  16 behind  17 history
-- ARGV  1 name  2 number  3 queue  4 prefix of process channels  5 everyone's channel  6 ms the outcome lives  7 error
--       8 message, as JSON  9 seed
-- Returns 'cancelled', 'requested', 'ended' or 'unknown' (O1 to O3)
-- Complexity: O(log claimed)
local stream, name, queue = KEYS[1], ARGV[1], ARGV[3]
local mark = ARGV[6] .. '\31' .. ARGV[7]
local q = { keyed = KEYS[14], turns = KEYS[15], behind = KEYS[16], parked = KEYS[2], due = KEYS[3], moved = KEYS[4] }
q.streams, q.releases, q.history = { h = KEYS[10], n = KEYS[11], l = KEYS[12] }, KEYS[5], KEYS[17]

local function finish(attempts)
  endCancelled(mark, KEYS[7], KEYS[8], ARGV[5], queue, name, attempts)
  forget(q.history, name)
  local mint, save = minter(KEYS[9], ARGV[9])
  local isAdded = passOn(q, name, mint)
  save()
  removeAll()
  tellRoom(readLimits(redis.call('GET', KEYS[13])), { KEYS[10], KEYS[11], KEYS[12] }, isAdded, 0, ARGV[5], queue)
  publish()
  return 'cancelled'
end

local parked = redis.call('HGET', KEYS[2], name)
if parked then
  redis.call('HDEL', KEYS[2], name)
  redis.call('ZREM', KEYS[3], name)
  return finish(tonumber(string.match(parked, '^%d+')))
end
local waitsBehind = redis.call('HGET', KEYS[16], name)
if waitsBehind then
  redis.call('HDEL', KEYS[16], name)
  leaveLine(q, name)
  return finish(tonumber(string.match(waitsBehind, '^%d+')))
end
local entry = redis.call('HGET', KEYS[4], name) or ARGV[2]
if redis.call('EXISTS', stream) == 1 and #redis.call('XRANGE', stream, entry, entry) > 0 then
  local row = pending(stream, entry, entry, 1)[1]
  if row and row[2] ~= pool then
    redis.call('HSETNX', KEYS[7], name, mark)
    tell(ARGV[4] .. row[2], 'cancelled', queue .. '.' .. name, ARGV[8])
    publish()
    return 'requested'
  end
  -- Counted as if it were delivered once more: the releases of a single delivery are not looked up otherwise.
  local deliveries = row and row[4] or 0
  local _, attempts = takeOut('cancelled', stream, q, name, entry, deliveries + 1)
  return finish(attempts - 1)
end
if redis.call('HEXISTS', KEYS[6], name) == 1 then
  return 'ended'
end
local result = redis.call('GET', KEYS[8])
if not result then
  return 'unknown'
end
return string.find(result, '^dead\31%d+\31"cancelled"\31') and 'cancelled' or 'ended'
