-- Moves the due time of a schedule and counts what has become of its runs, unless somebody else did (U2).
-- KEYS  1 presence lease of the node  2 due times  3 begun runs  4 tallies
-- ARGV  1 name  2 due time that was seen, in ms  3 due time from now on, in ms  4 due time of the run that was made, or ''
--       5 its task  6 runs missed  7 runs skipped
-- Returns 'PRESENCE', 1, or 0 when the due time is another one
-- Complexity: O(log schedules)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
if tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or -1) ~= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
local tally = redis.call('HGET', KEYS[4], ARGV[1]) or '\31\0310\0310\0310'
local last, task, runs, missed, skipped = string.match(tally, '^(%d*)\31([^\31]*)\31(%d+)\31(%d+)\31(%d+)$')
if ARGV[4] ~= '' then
  last, task, runs = ARGV[4], ARGV[5], whole(runs + 1)
end
local counts = { runs, whole(missed + tonumber(ARGV[6])), whole(skipped + tonumber(ARGV[7])) }
redis.call('HSET', KEYS[4], ARGV[1], table.concat({ last, task, counts[1], counts[2], counts[3] }, '\31'))
return 1
