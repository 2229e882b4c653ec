-- Keeps what cannot be read; the same text from the same origin once within a while (Z1, Z3).
-- KEYS  1, 2 quarantine, then for each entry: the mark that it was kept
-- ARGV  1-3 limits: entries, bytes, bytes of one  4 ms for which it is marked, then for each entry: origin, reason, how it left, text, its whole size
-- Returns how many were kept
-- Complexity: O(entries + entries pushed out)
local limits = { entries = tonumber(ARGV[1]), bytes = tonumber(ARGV[2]), text = tonumber(ARGV[3]) }
local kept = 0
for i = 3, #KEYS do
  local at = 5 + (i - 3) * 5
  if redis.call('SET', KEYS[i], 1, 'PX', ARGV[4], 'NX') then
    quarantine(KEYS[1], KEYS[2], limits, unpack(ARGV, at, at + 4))
    kept = kept + 1
  end
end
return kept
