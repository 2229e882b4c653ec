-- Gives an agent id back, if the node holds it under that epoch, and tells everyone (P6). What its inbox holds waits for the next owner.
-- KEYS  1 directory  2 inboxes that are not empty  3 inbox
-- ARGV  1 node  2 agent  3 epoch  4 everyone's channel
-- Returns 1, or 0 when it was not the node's
-- Complexity: O(log non-empty inboxes), plus the processes that listen
local record = readRecord(redis.call('HGET', KEYS[1], ARGV[2]))
if record.owner ~= ARGV[1] or record.epoch ~= tonumber(ARGV[3]) then
  return 0
end
tell(ARGV[4], 'freed', ARGV[2])
publish()
if redis.call('EXISTS', KEYS[3]) == 0 then
  redis.call('HDEL', KEYS[1], ARGV[2])
  return 1
end
redis.call('ZREM', KEYS[2], ARGV[1] .. '\31' .. ARGV[2])
redis.call('ZADD', KEYS[2], 0, '\31' .. ARGV[2])
record.owner = ''
writeRecord(KEYS[1], ARGV[2], record)
return 1
