-- Begins the run of a schedule, unless its due time has moved or a run was begun before (U2, U3).
-- KEYS  1 presence lease of the node  2 due times  3 begun runs
-- ARGV  1 name  2 due time that was seen, in ms  3 due time of the run, in ms
-- Returns 'PRESENCE', {'begun'}, {'begun-before', due time of that run, ms since then} or {'moved'}
-- Complexity: O(1)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
if tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or -1) ~= tonumber(ARGV[2]) then
  return { 'moved' }
end
local run, since = string.match(redis.call('HGET', KEYS[3], ARGV[1]) or '', '^(%d+)\31(%d+)$')
if run then
  return { 'begun-before', run, math.max(0, nowMs - tonumber(since)) }
end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3] .. '\31' .. whole(nowMs))
return { 'begun' }
