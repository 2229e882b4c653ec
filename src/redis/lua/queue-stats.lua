-- Counts the tasks of a queue by where they are.
-- KEYS  1 meta  2-4 streams high, normal, low  5 parked  6 dead letters by time  7 paused
-- ARGV  none
-- Returns {waiting, parked, claimed, dead, dead letters dropped, 1 when paused}
-- Complexity: O(nodes with claims), whatever the backlog
local waiting, claimed = 0, 0
for lane = 2, 4 do
  local stream = KEYS[lane]
  local summary = redis.pcall('XPENDING', stream, 'g')
  local held = summary.err and 0 or summary[1]
  for _, consumer in ipairs(held > 0 and summary[4] or {}) do
    if consumer[1] == ':released' then
      held = held - tonumber(consumer[2])
    end
  end
  claimed = claimed + held
  waiting = waiting + redis.call('XLEN', stream) - held
end
local dropped = tonumber(redis.call('HGET', KEYS[1], 'deadDropped') or 0)
return { waiting, redis.call('HLEN', KEYS[5]), claimed, redis.call('ZCARD', KEYS[6]), dropped, redis.call('EXISTS', KEYS[7]) }
