-- Takes entries off the quarantine: gives them back to where they came from, or forgets them (Z4).
-- KEYS  1, 2 quarantine  3 the list that entries were taken from
-- ARGV  1 'release' or 'drop', then the ids
-- Returns the ids that were taken off
-- Complexity: O(entries)
local function giveBack(origin, left, bytes, text)
  if left == 'copy' or #text < tonumber(bytes) then
    return false
  end
  if left == 'channel' then
    redis.call('PUBLISH', origin, text)
    return true
  end
  local type = typeOf(KEYS[3])
  local takes = type == 'list' or type == 'none'
  if takes then
    redis.call('LPUSH', KEYS[3], text)
  end
  return takes
end

local ended = {}
for i = 2, #ARGV do
  local row = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
  local fields = row and row[2]
  if row and (ARGV[1] == 'drop' or giveBack(fields[2], fields[6], fields[8], fields[10])) then
    forgetQuarantined(KEYS[1], KEYS[2], row[1], fields[10])
    table.insert(ended, ARGV[i])
  end
end
return ended
