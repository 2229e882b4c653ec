-- Says who holds a lock.
-- KEYS  1-7 lock
-- ARGV  1-5 lock
-- Returns {} when nobody does, else {permits, waiters, and for each holder: its id, token or '' for a foreign one, ms left}
-- Complexity: O(log waiters + holders)
local waiters = redis.call('ZCOUNT', KEYS[4], '(' .. whole(nowMs - tonumber(ARGV[3])), '+inf')
local reply = { permits, waiters }
if permits == 1 then
  local holder = redis.call('GET', KEYS[1])
  return holder and { 1, waiters, holder, tokenOf(holder) or '', redis.call('PTTL', KEYS[1]) } or {}
end
local ends = redis.call('ZRANGEBYSCORE', KEYS[6], '(' .. whole(nowMs), '+inf', 'WITHSCORES')
for at = 1, #ends, 2 do
  for _, value in ipairs({ ends[at], redis.call('HGET', KEYS[7], ends[at]), tonumber(ends[at + 1]) - nowMs }) do
    reply[#reply + 1] = value
  end
end
return #ends > 0 and reply or {}
