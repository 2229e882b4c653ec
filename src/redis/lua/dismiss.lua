-- Strikes a record off the roster, if it is as expected, and tells everyone (O8, O9).
-- KEYS  1 roster  2 its version
-- ARGV  1 name  2 expected version, '*' for whatever is there  3 everyone's channel
-- Returns 1, or 0 when there is no such record
-- Complexity: O(1), plus the processes that listen
local current = redis.call('HGET', KEYS[1], ARGV[1])
if not current or (ARGV[2] ~= '*' and ARGV[2] ~= string.match(current, '^[^\31]*')) then
  return 0
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HINCRBY', KEYS[2], 'changes', 1)
tell(ARGV[3], 'roster', ARGV[1])
publish()
return 1
