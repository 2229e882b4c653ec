-- What becomes of nodes and agents: records, and nodes whose leases have ended unrecorded (logs, G6; presence, P5).
-- KEYS  none of its own: the caller names the stream, where the newest dropped id is noted, and the nodes that are up
-- ARGV  none
-- Returns nothing
-- Complexity: O(1) for a record; O(nodes that ended * log nodes) for those, at most a hundred at a time
local hasRecorded = false

local function recordChange(stream, kind, node, ...)
  redis.call('XADD', stream, '*', 'kind', kind, 'node', node, ...)
  hasRecorded = true
end

local function recordEnded(up, stream, channel)
  for _, node in ipairs(redis.call('ZRANGEBYSCORE', up, '-inf', whole(nowMs), 'LIMIT', 0, 100)) do
    redis.call('ZREM', up, node)
    recordChange(stream, 'node.down', node, 'reason', 'lease ended')
    tell(channel, 'gone', node)
  end
end

-- Drops what is too much and tells everyone, when something was recorded.
local function closeRecords(stream, trimmed, most, channel)
  if hasRecorded then
    trimEvents(stream, trimmed, most, nowMs)
    tell(channel, 'fleet')
  end
  publish()
end
