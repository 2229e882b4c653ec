-- Writes a record of the roster, if what is there is as expected and there is room, and tells everyone (O8, O9).
-- KEYS  1 roster  2 its version  3 presence lease of the node in whose name it is written
-- ARGV  1 name  2 text  3 expected version, '' for none, '*' for whatever is there  4 most records  5 everyone's channel
--       6 '1' when the lease is demanded
-- Returns 'PRESENCE', {'CHANGED'}, {'FULL', records} or {'OK', version}
-- Complexity: O(1), plus the processes that listen
if ARGV[6] == '1' and redis.call('EXISTS', KEYS[3]) == 0 then
  return 'PRESENCE'
end
local current = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[3] ~= '*' and ARGV[3] ~= (current and string.match(current, '^[^\31]*') or '') then
  return { 'CHANGED' }
end
local records = redis.call('HLEN', KEYS[1])
if not current and records >= tonumber(ARGV[4]) then
  return { 'FULL', records }
end
redis.call('HSETNX', KEYS[2], 'born', whole(nowUs))
local changes = redis.call('HINCRBY', KEYS[2], 'changes', 1)
local version = redis.call('HGET', KEYS[2], 'born') .. '.' .. changes
redis.call('HSET', KEYS[1], ARGV[1], version .. '\31' .. ARGV[2])
tell(ARGV[5], 'roster', ARGV[1])
publish()
return { 'OK', version }
