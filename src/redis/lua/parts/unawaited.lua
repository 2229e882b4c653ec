-- Gives back a lock that nobody waits for, before anything is prepared that only the other cases need (L6).
-- KEYS  1-7 lock
-- ARGV  1-5 lock  6 token, or ''
-- Returns 1, or 0 when it was no longer the holder's, when nobody waits
-- Complexity: O(1)
if permits == 1 and ARGV[6] ~= '' and redis.call('EXISTS', KEYS[3]) == 0 then
  if heldToken(ARGV[5]) ~= ARGV[6] then
    return 0
  end
  redis.call('DEL', KEYS[1])
  if about[5] then
    redis.call('HDEL', KEYS[2], 'inRow', 'since')
  end
  return 1
end
