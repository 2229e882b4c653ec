-- Forgets a node that has left as a consumer of a queue: only where nothing is left in its name, for that must stay claimable (T4).
-- KEYS  1-3 streams high, normal, low
-- ARGV  1 node
-- Returns the number of streams that forgot it
-- Complexity: O(1)
local forgotten = 0
for lane = 1, 3 do
  local rows = redis.pcall('XPENDING', KEYS[lane], group, '-', '+', 1, ARGV[1])
  if not rows.err and #rows == 0 then
    forgotten = forgotten + redis.call('XGROUP', 'DELCONSUMER', KEYS[lane], group, ARGV[1])
  end
end
return forgotten
