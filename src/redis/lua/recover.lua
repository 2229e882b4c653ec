-- Takes over claims that were not renewed in time, or whose node's presence has ended (T4), oldest first. A task that
-- was cancelled ends instead (O3).
-- KEYS  1 presence lease of the node  2-4 streams high, normal, low  5 releases  6 moved  7 marks of cancelled tasks
--       8 paused  9.. presence leases of the gone nodes
-- ARGV  1 node  2 most tasks  3 lease in ms  4 queue  5 everyone's channel  6 prefix of results  7.. the gone nodes
-- Returns 'PRESENCE', or rows {lane, entry, deliveries, releases, fields}
-- Complexity: O(claims looked at), at most a few hundred for each stream
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
if redis.call('EXISTS', KEYS[8]) == 1 then
  return {}
end
local node, most, lease = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local ended = {}
for i = 9, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then
    table.insert(ended, ARGV[i - 2])
  end
end

local function collect(lane, found)
  local stream, seen = KEYS[1 + lane], {}
  local function add(row)
    if row[2] ~= pool and not seen[row[1]] then
      seen[row[1]] = true
      table.insert(found, { lane = lane, row = row })
    end
  end
  for _, gone in ipairs(ended) do
    for _, row in ipairs(pending(stream, '-', '+', most, gone)) do
      add(row)
    end
  end
  local from, pages, size = '-', 0, math.max(most, 100)
  repeat
    local rows = pending(stream, 'IDLE', lease, from, '+', size)
    for _, row in ipairs(rows) do
      add(row)
      from = '(' .. row[1]
    end
    pages = pages + 1
  until #rows < size or #found >= most or pages >= 5
end

local delivered, taken, found = {}, {}, {}
for lane = 1, 3 do
  collect(lane, found)
end
table.sort(found, function(a, b)
  return isNewer(b.row[1], a.row[1])
end)
for i = 1, math.min(most, #found) do
  local lane = found[i].lane
  deliver(delivered, lane, KEYS[1 + lane], KEYS[5], node, { found[i].row })
end
local letters = { 'h', 'n', 'l' }
for _, row in ipairs(delivered) do
  local name = fieldsOf(row[5]).t or letters[row[1]] .. '.' .. row[2]
  local mark = markOf(KEYS[7], name)
  if mark then
    local _, attempts = takeOut('cancelled', KEYS[1 + row[1]], KEYS[6], KEYS[5], name, row[2], row[3] - 1)
    endCancelled(mark, KEYS[7], ARGV[6] .. name, ARGV[5], ARGV[4], name, attempts)
  else
    table.insert(taken, row)
  end
end
removeAll()
publish()
-- A consumer goes only when nothing is left in its name: deleting it would make its claims unclaimable.
for _, gone in ipairs(ended) do
  for lane = 1, 3 do
    local stream = KEYS[1 + lane]
    if #pending(stream, '-', '+', 1, gone) == 0 then
      redis.call('XGROUP', 'DELCONSUMER', stream, group, gone)
    end
  end
end
return taken
