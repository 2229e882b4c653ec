-- Reads the roster, unless its version is the one that is known (O10).
-- KEYS  1 roster  2 its version
-- ARGV  1 known version
-- Returns false when nothing has changed, or {version, {name, record, ...}}
-- Complexity: O(1) when nothing has changed, else O(records)
local version = ''
local found = redis.call('HMGET', KEYS[2], 'born', 'changes')
if found[1] then
  version = found[1] .. '.' .. found[2]
end
if version == ARGV[1] then
  return false
end
return { version, redis.call('HGETALL', KEYS[1]) }
