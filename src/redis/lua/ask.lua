-- Publishes asks to the processes of present owners; stores none of them (M7).
-- KEYS  1, 2 frame  3 directory  4.. owners' leases
-- ARGV  1-5 frame  6 prefix of process channels  7 number of ops n, then their agents, then their envelopes
--       then names and number of owners
-- Returns a frame reply: '+<owner>' or '!' for each op; or {'OWNERS', ...}
-- Complexity: O(ops)
local known = openFrame()
if known then
  return known
end
local ops = tonumber(ARGV[7])
local owners, _, present, unexpected = readOwners(KEYS[3], { unpack(ARGV, 8, 7 + ops) })
if unexpected then
  return unexpected
end
local replies = {}
for op = 1, ops do
  local owner = owners[op]
  if present[owner] then
    tellText(ARGV[6] .. owner, 'ask\31' .. ARGV[7 + ops + op])
    replies[op] = '+' .. owner
  else
    replies[op] = '!'
  end
end
publish()
return closeFrame(replies)
