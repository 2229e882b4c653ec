-- Takes entries out of the foreign queue: to the taken tasks, or into the quarantine (B4, Z2).
-- KEYS  1 lease of the bridge  2 queue  3 taken tasks  4 their meta  5, 6 quarantine
-- ARGV  1 node  2, 3 mark where the look began  4 how many entries it brought  5 most taken tasks  6 seed  7 bytes above which only the
--       beginning of an entry was read  8 origin  9-11 limits of the quarantine: entries, bytes, bytes of one
--       then for each pick, in their order: number, proof, reason or ''
-- Returns 'BRIDGE', or {count and last of the mark behind what was looked at, then for each pick: id, 'quarantined' or ''}
-- Complexity: O(entries between the picks and the nearer end of the queue)
if not isBridge() then
  return 'BRIDGE'
end
local type = typeOf(KEYS[2])
local base = type == 'list' and findMark(KEYS[2], ARGV[2], ARGV[3]) or 0
if type ~= 'list' or (base == 0 and tonumber(ARGV[2]) > 0) then
  return { 0, '' }
end
local limits = { entries = tonumber(ARGV[9]), bytes = tonumber(ARGV[10]), text = tonumber(ARGV[11]) }
local room = tonumber(ARGV[5]) - redis.call('XLEN', KEYS[3])
local length, looked, removed, nearest, farthest = redis.call('LLEN', KEYS[2]), tonumber(ARGV[4]), 0, nil, 0
local gone = '\0' .. whole(nowUs) .. ARGV[6]
local mint, save = minter(KEYS[4], ARGV[6])
local replies = {}
for i = 12, #ARGV, 3 do
  local at = base + tonumber(ARGV[i])
  local entry = at <= length and redis.call('LINDEX', KEYS[2], -at)
  local reply = ''
  if entry and proofOf(entry, tonumber(ARGV[7])) == ARGV[i + 1] then
    if ARGV[i + 2] ~= '' then
      quarantine(KEYS[5], KEYS[6], limits, ARGV[8], ARGV[i + 2], 'list', entry)
      reply = 'quarantined'
    elseif room > 0 then
      room, reply = room - 1, mint()
      redis.call('XADD', KEYS[3], reply, 'e', entry)
    else
      looked = tonumber(ARGV[i]) - 1 -- to be looked at again
      break
    end
    redis.call('LSET', KEYS[2], -at, gone)
    removed, nearest, farthest = removed + 1, nearest or at, at
  end
  table.insert(replies, reply)
end
if removed > 0 then
  redis.call('LREM', KEYS[2], length - nearest < farthest and removed or -removed, gone)
end
save()
local behind = base + looked - removed
local last = behind > 0 and redis.call('LINDEX', KEYS[2], -behind)
return { last and behind or 0, last and nameOf(last) or '', unpack(replies) }
