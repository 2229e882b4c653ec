-- Records what has become of agents of a present node, and tells everyone which activations are over (G6 to G8).
-- KEYS  1 presence lease of the node  2 lifecycle  3 newest id of it that was dropped
-- ARGV  1 node  2 everyone's channel  3 most records; then for each: kind, agent, role, epoch, reason, the reason as JSON
-- Returns 'PRESENCE' or 'OK'
-- Complexity: O(records + records dropped), plus the subscribers
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 'PRESENCE'
end
for i = 4, #ARGV, 6 do
  local kind, agent, role, epoch, reason, json = unpack(ARGV, i, i + 5)
  local why = reason ~= '' and { 'reason', reason } or {}
  recordChange(KEYS[2], kind, ARGV[1], 'agent', agent, 'role', role, 'epoch', epoch, unpack(why))
  if kind == 'agent.down' then
    tell(ARGV[2], 'down', agent, ARGV[1], epoch, json)
  end
end
closeRecords(KEYS[2], KEYS[3], ARGV[3], ARGV[2])
return 'OK'
