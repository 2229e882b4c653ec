-- Forgets agents whose owner's presence has ended and that have no mail: pool agents get new ids with every start (P2).
-- KEYS  1 directory  then for each agent: its inbox, the presence lease of its owner
-- ARGV  for each agent: its id, its owner
-- Returns how many were forgotten
-- Complexity: O(agents)
local forgotten = 0
for i = 1, #ARGV, 2 do
  local record = readRecord(redis.call('HGET', KEYS[1], ARGV[i]))
  if record.owner == ARGV[i + 1] and redis.call('EXISTS', KEYS[i + 1], KEYS[i + 2]) == 0 then
    redis.call('HDEL', KEYS[1], ARGV[i])
    forgotten = forgotten + 1
  end
end
return forgotten
