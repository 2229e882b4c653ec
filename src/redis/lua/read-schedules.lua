-- Reads schedules: those that are due, the one of a name, or those behind a name.
-- KEYS  1 definitions  2 due times  3 begun runs  4 tallies
-- ARGV  1 'due', 'name' or 'after'  2 name, or ''  3 most
-- Returns {server time in ms, ms until the next is due or -1 where none is, then for each schedule
--          {name, definition, due time or '', begun run or '', ms since it was begun, tally or ''}}
-- Complexity: O(schedules) behind a name, else O(log schedules + most)
local names = { ARGV[2] }
if ARGV[1] == 'due' then
  names = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', whole(nowMs), 'LIMIT', 0, ARGV[3])
elseif ARGV[1] == 'after' then
  names = {}
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    if name > ARGV[2] then
      names[#names + 1] = name
    end
  end
  table.sort(names)
end
local later = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. whole(nowMs), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
local reply = { nowMs, later and tonumber(later) - nowMs or -1 }
for at = 1, math.min(#names, tonumber(ARGV[3])) do
  local name = names[at]
  local definition = redis.call('HGET', KEYS[1], name)
  if definition then
    local run, since = string.match(redis.call('HGET', KEYS[3], name) or '', '^(%d+)\31(%d+)$')
    local ago = run and math.max(0, nowMs - tonumber(since)) or 0
    local due, tally = redis.call('ZSCORE', KEYS[2], name), redis.call('HGET', KEYS[4], name)
    reply[#reply + 1] = { name, definition, due or '', run or '', ago, tally or '' }
  end
end
return reply
