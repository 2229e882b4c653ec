-- What is written down about a lock, read once for every script of locks (L1, L2, L6).
-- KEYS  1-7 lock (lock.lua)
-- ARGV  none
-- Returns of heldToken: the token of the lock when `holder` holds it and the grant was ours, else nil
-- Complexity: O(1)
local about = redis.call('HMGET', KEYS[2], 'permits', 'holder', 'token', 'freeUntil', 'inRow', 'keptUntil')
local permits = tonumber(about[1] or 1)

local function heldToken(holder)
  return about[2] == holder and redis.call('GET', KEYS[1]) == holder and about[3] or nil
end
