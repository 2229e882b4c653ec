-- Reads entries of a foreign list behind a mark, oldest first (B2, B3).
-- KEYS  1 list
-- ARGV  1, 2 mark: count (-1: behind the newest), last  3 most entries  4 most bytes  5 bytes above which only the beginning of an entry is read
-- Returns {'TYPE', its type}, or {count and last of the mark as it was found, count and last behind what was read, '1' when there
--         may be more, then for each entry: bytes, proof, text}
-- Complexity: O(entries)
local type = typeOf(KEYS[1])
if type ~= 'list' and type ~= 'none' then
  return { 'TYPE', type }
end
local length, cut = redis.call('LLEN', KEYS[1]), tonumber(ARGV[5])
if ARGV[1] == '-1' then
  local newest = length > 0 and nameOf(redis.call('LINDEX', KEYS[1], 0)) or ''
  return { length, newest, length, newest, 0 }
end
local base = findMark(KEYS[1], ARGV[1], ARGV[2])
local at, bytes, name = base, 0, base > 0 and ARGV[2] or ''
local reply = { base, name, 0, '', 0 }
while at < length and at - base < tonumber(ARGV[3]) and bytes < tonumber(ARGV[4]) do
  at = at + 1
  local entry = redis.call('LINDEX', KEYS[1], -at)
  local text = #entry > cut and string.sub(entry, 1, 4096) or entry
  table.insert(reply, #entry)
  table.insert(reply, proofOf(entry, cut))
  table.insert(reply, text)
  bytes = bytes + #text
  if at == length or at - base == tonumber(ARGV[3]) or bytes >= tonumber(ARGV[4]) then
    name = nameOf(entry)
  end
end
reply[3], reply[4], reply[5] = at, name, at < length and 1 or 0
return reply
