-- Pauses or resumes a queue and tells everyone (O4).
-- KEYS  1 paused
-- ARGV  1 'paused' or 'resumed'  2 queue  3 everyone's channel
-- Returns 1 when that changed something, else 0
-- Complexity: O(1), plus the processes that listen
local changed
if ARGV[1] == 'paused' then
  changed = redis.call('SETNX', KEYS[1], '1')
else
  changed = redis.call('DEL', KEYS[1])
end
tell(ARGV[3], ARGV[1], ARGV[2])
publish()
return changed
