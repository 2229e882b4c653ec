-- Publishes asks to the processes of present owners; stores none of them (M7).
-- KEYS  1, 2 frame  3 directory  4.. owners' leases
-- ARGV  1-5 frame  6 prefix of process channels  7 number of ops n; then for each op: agent, envelope
--       then number and names of owners
-- Returns a frame reply: '+<owner>' or '!' for each op; or {'OWNERS', ...}
-- Complexity: O(ops)
local known = openFrame()
if known then
  return known
end
local ops = tonumber(ARGV[7])
local agents = {}
for i = 8, 7 + ops * 2, 2 do
  table.insert(agents, ARGV[i])
end
local records, present, unexpected = readOwners(KEYS[3], agents, 8 + ops * 2, 4)
if unexpected then
  return unexpected
end
local replies = {}
for op, agent in ipairs(agents) do
  local owner = records[agent].owner
  if present[owner] then
    tell(ARGV[6] .. owner, 'ask', ARGV[7 + op * 2])
    table.insert(replies, '+' .. owner)
  else
    table.insert(replies, '!')
  end
end
publish()
return closeFrame(replies)
