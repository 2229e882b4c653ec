-- Who is the bridge, and how far a list of another protocol was looked at (foreign, B1 and B2).
-- KEYS  1 lease of the bridge: its node
-- ARGV  1 node
-- Returns of isBridge: whether the node is the bridge; of nameOf: what a mark calls an entry; of proofOf: what tells an entry from any
--         other; of findMark: how many of the oldest entries were looked at, 0 when the mark is not found; of typeOf: a type's name
-- Complexity: O(entries taken from the old end since) of findMark, at most 1,000; all walk the list from its nearer end
local mostSteps = 1000

local function isBridge()
  return redis.call('GET', KEYS[1]) == ARGV[1]
end

local function typeOf(key)
  return redis.call('TYPE', key).ok
end

local function nameOf(entry)
  return redis.sha1hex(#entry .. string.sub(entry, 1, 200) .. string.sub(entry, -200))
end

local function proofOf(entry, cut)
  return #entry > cut and redis.sha1hex(string.sub(entry, 1, 4096)) .. '/' .. #entry or redis.sha1hex(entry)
end

local function findMark(list, count, last)
  local from = math.min(tonumber(count), redis.call('LLEN', list))
  for at = from, math.max(1, from - mostSteps), -1 do
    if last ~= '' and nameOf(redis.call('LINDEX', list, -at)) == last then
      return at
    end
  end
  return 0
end
