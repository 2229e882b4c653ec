-- Takes over claims that were not renewed in time, or whose node's presence has ended (T4), oldest first. A task that
-- was cancelled ends instead (O3); one for which the rate of its queue leaves no room goes back to the front (O6). Whether the lost
-- holder counts, T10 says.
-- KEYS  1 presence lease of the node  2-4 streams high, normal, low  5 releases  6 moved  7 marks of cancelled tasks
--       8 paused  9 limits  10 starts  11 meta  12 parked  13 due  14 keyed  15 turns  16 behind
--       17 history  18.. presence leases of the gone nodes
-- ARGV  1 node  2 most tasks  3 lease in ms  4 queue  5 everyone's channel  6 prefix of results  7 seed  8.. the gone nodes
-- Returns 'PRESENCE', or rows {lane, entry, deliveries, releases, fields, past}
-- Complexity: O(claims looked at), at most a few hundred for each stream, and a walk over those that are younger than the lease
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
local flags = redis.call('MGET', KEYS[8], KEYS[9])
if flags[1] then
  return {}
end
local node, most = ARGV[1], tonumber(ARGV[2])
local streams = { KEYS[2], KEYS[3], KEYS[4] }
local q = { keyed = KEYS[14], turns = KEYS[15], behind = KEYS[16], parked = KEYS[12], due = KEYS[13], moved = KEYS[6] }
q.streams, q.releases, q.history = { h = KEYS[2], n = KEYS[3], l = KEYS[4] }, KEYS[5], KEYS[17]
local mint, save = minter(KEYS[11], ARGV[7])
local gone = {}
for i = 18, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then
    table.insert(gone, ARGV[i - 10])
  end
end
local delivered, taken, holders, found = {}, {}, {}, findOverdue(most, ARGV[3], gone)
for i = 1, math.min(most, #found) do
  local lane, row = found[i].lane, found[i].row
  holders[row[1]] = row[2]
  deliver(delivered, lane, streams[lane], KEYS[5], node, { row })
end
local limits = readLimits(flags[2])
local left, ended, isAdded = startsLeft(limits, KEYS[10]), 0, false
for _, row in ipairs(delivered) do
  local stream, entry, deliveries = streams[row[1]], row[2], row[3]
  local name = nameOf(row)
  local mark = markOf(KEYS[7], name)
  if not mark and not chargeLoss(q.history, name, holders[entry], deliveries - 1) then
    row[4] = redis.call('HINCRBY', KEYS[5], entry, 1)
  end
  row[6] = pastOf(q.history, name)
  if mark then
    local _, attempts = takeOut('cancelled', stream, q, name, entry, deliveries - 1)
    endCancelled(mark, KEYS[7], ARGV[6] .. name, ARGV[5], ARGV[4], name, attempts)
    isAdded = passOn(q, name, mint) or isAdded
    ended = ended + 1
  elseif #taken < left then
    noteStart(limits, KEYS[10], entry, deliveries)
    table.insert(taken, row)
  else
    redis.call('XCLAIM', stream, group, pool, 0, entry, 'RETRYCOUNT', deliveries - 1, 'JUSTID')
    isAdded = true
  end
end
removeAll()
save()
tellRoom(limits, streams, isAdded, ended, ARGV[5], ARGV[4])
publish()
-- A consumer goes only when nothing is left in its name: deleting it would make its claims unclaimable.
for _, other in ipairs(gone) do
  for lane = 1, 3 do
    if #pending(streams[lane], '-', '+', 1, other) == 0 then
      redis.call('XGROUP', 'DELCONSUMER', streams[lane], group, other)
    end
  end
end
return taken
