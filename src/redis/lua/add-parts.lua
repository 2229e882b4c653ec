-- Adds parts to the stream of a task that runs (G2 to G5).
-- KEYS  1 presence lease of the node  2 stream of its priority  3 moved  4 parts
-- ARGV  1 node  2 name  3 stream 1-3  4 entry  5 deliveries  6 attempt  7 task id  8 channel to tell
--       9 most parts kept  10 most bytes kept  11 how long they are kept, in ms  12 number of the first; then the bodies
-- Returns 'PRESENCE', 'STALE' or 'OK'
-- Complexity: O(parts + parts dropped)
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
if not isHeld(KEYS[2], ARGV[4], ARGV[1], ARGV[5]) or not isNamed(KEYS[2], KEYS[3], tonumber(ARGV[3]), ARGV[4], ARGV[2]) then
  return 'STALE'
end
local parts, run = KEYS[4], ARGV[4] .. '/' .. ARGV[5]
local first = tonumber(ARGV[12])
local ms, number, bytes = nowMs, 0, 0
local last = redis.call('XREVRANGE', parts, '+', '-', 'COUNT', 1)[1]
if last then
  local lastMs, lastNumber = string.match(last[1], '^(%d+)-(%d+)$')
  local fields = fieldsOf(last[2])
  if fields.r == run then
    ms, number, bytes = tonumber(lastMs), tonumber(lastNumber), tonumber(fields.b)
  else
    ms = math.max(nowMs, tonumber(lastMs) + 1)
    redis.call('DEL', parts)
  end
end
for i = math.max(0, number + 1 - first), #ARGV - 13 do
  local body = ARGV[13 + i]
  bytes = bytes + #body
  redis.call('XADD', parts, whole(ms) .. '-' .. (first + i), 'r', run, 'a', ARGV[6], 'b', whole(bytes), 'p', body)
end
redis.call('XTRIM', parts, 'MAXLEN', ARGV[9])
local left = redis.call('XLEN', parts)
while left > 1 do
  local oldest = redis.call('XRANGE', parts, '-', '+', 'COUNT', 1)[1]
  local fields = fieldsOf(oldest[2])
  if bytes - tonumber(fields.b) + #fields.p <= tonumber(ARGV[10]) then
    break
  end
  redis.call('XDEL', parts, oldest[1])
  left = left - 1
end
redis.call('PEXPIRE', parts, ARGV[11])
tell(ARGV[8], 'parts', ARGV[7])
publish()
return 'OK'
