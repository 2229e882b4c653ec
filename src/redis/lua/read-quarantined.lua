-- Reads what is in quarantine, newest first (Z1).
-- KEYS  1, 2 quarantine
-- ARGV  1 id from which to read, or '+'  2 most entries  3 bytes of each text
-- Returns {how many there are, how many were pushed out, then for each: id, origin, reason, how it left, bytes, text}
-- Complexity: O(entries)
local reply = { redis.call('XLEN', KEYS[1]), tonumber(redis.call('HGET', KEYS[2], 'dropped') or 0) }
for _, row in ipairs(redis.call('XREVRANGE', KEYS[1], ARGV[1], '-', 'COUNT', ARGV[2]) or {}) do
  local fields = row[2]
  table.insert(reply, { row[1], fields[2], fields[4], fields[6], fields[8], string.sub(fields[10], 1, tonumber(ARGV[3])) })
end
return reply
