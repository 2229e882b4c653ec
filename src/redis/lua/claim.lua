-- Takes waiting tasks for a node: high before normal before low, released ones before new ones (T5); none while the queue is paused (O4).
-- KEYS  1 presence lease of the node  2-4 streams high, normal, low  5 releases  6 paused
-- ARGV  1 node  2 most tasks
-- Returns 'PRESENCE', or rows {lane, entry, deliveries, releases, fields}
-- Complexity: O(tasks taken * log claimed)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
if redis.call('EXISTS', KEYS[6]) == 1 then
  return {}
end
local node, most = ARGV[1], tonumber(ARGV[2])
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
return taken
