-- Changes the limits of a queue and tells everyone when that made a difference (O5, O6).
-- KEYS  1 limits  2 starts
-- ARGV  1 queue  2 everyone's channel  3 most claims  4 most starts  5 their window in ms; '=': as it is, '': none
-- Returns the limits that hold now, joined by \31; '' when there are none
-- Complexity: O(1), plus the processes that listen
local old = redis.call('GET', KEYS[1]) or ''
local parts = { string.match(old, '^(%d*)\31(%d*)\31(%d*)$') }
local fields = {}
for i = 1, 3 do
  fields[i] = ARGV[2 + i] == '=' and (parts[i] or '') or ARGV[2 + i]
end
local new = table.concat(fields, '\31')
if new == '\31\31' then
  new = ''
end
if fields[2] == '' then
  redis.call('DEL', KEYS[2])
end
if new == old then
  return new
end
if fields[3] ~= '' then
  redis.call('PEXPIRE', KEYS[2], tonumber(fields[3]) + 1)
end
if new == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], new)
end
tell(ARGV[2], 'limited', ARGV[1])
publish()
return new
