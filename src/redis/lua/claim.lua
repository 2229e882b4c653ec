-- Takes waiting tasks for a node: high before normal before low, released ones before new ones (T5); none while the queue is
-- paused (O4), and no more than its limits leave room for (O5, O6).
-- KEYS  1 presence lease of the node  2-4 streams high, normal, low  5 releases  6 paused  7 limits  8 starts
--       9 history
-- ARGV  1 node  2 most tasks
-- Returns 'PRESENCE', or {rows {lane, entry, deliveries, releases, fields, past}}; of a limited queue also the ms until its rate leaves
--         room again, -1 when it does
-- Complexity: O(tasks taken * log claimed)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
local flags = redis.call('MGET', KEYS[6], KEYS[7])
if flags[1] then
  return { {} }
end
local limits = readLimits(flags[2])
local node, most = ARGV[1], tonumber(ARGV[2])
if limits then
  most = math.min(most, roomOf(limits, { KEYS[2], KEYS[3], KEYS[4] }, KEYS[8]))
end
local taken = {}
for lane = 1, 3 do
  local stream = KEYS[1 + lane]
  if #taken < most then
    deliver(taken, lane, stream, KEYS[5], node, pending(stream, '-', '+', most - #taken, pool))
  end
  if #taken < most then
    local read = redis.call('XREADGROUP', 'GROUP', group, node, 'COUNT', most - #taken, 'STREAMS', stream, '>')
    for _, entry in ipairs(read and read[1][2] or {}) do
      table.insert(taken, { lane, entry[1], 1, 0, entry[2] })
    end
  end
end
for _, row in ipairs(taken) do
  row[6] = pastOf(KEYS[9], nameOf(row))
end
if not limits then
  return { taken }
end
for _, row in ipairs(taken) do
  noteStart(limits, KEYS[8], row[2], row[3])
end
return { taken, againInMs(limits, KEYS[8]) }
