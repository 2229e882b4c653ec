-- What a node is told with its beat (P4, P7).
-- KEYS  none of its own: the caller names the ends of leases, the beats and the version of the roster
-- ARGV  none
-- Returns of tellBeat: {server time in ms, beats, version of the roster, ms until the first lease of another node ends, or '', ended nodes...}
-- Complexity: O(log nodes + nodes that ended)
local function versionOf(key)
  local found = redis.call('HMGET', key, 'born', 'changes')
  return found[1] and found[1] .. '.' .. found[2] or ''
end

local function nextEnd(ends, node)
  local first = redis.call('ZRANGEBYSCORE', ends, '(' .. whole(nowMs), '+inf', 'WITHSCORES', 'LIMIT', 0, 2)
  local at = first[1] == node and 4 or 2
  return first[at] and tonumber(first[at]) - nowMs or ''
end

local function tellBeat(node, ends, beats, roster, keptMs, most)
  local longAgo = '(' .. whole(nowMs - tonumber(keptMs))
  local ended = redis.call('ZREVRANGEBYSCORE', ends, whole(nowMs), longAgo, 'LIMIT', 0, most)
  return { nowMs, redis.call('INCR', beats), versionOf(roster), nextEnd(ends, node), unpack(ended) }
end
