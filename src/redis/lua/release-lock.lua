-- Gives a lock back and hands it to the first waiter (L4, L6); without a token, whatever its token is.
-- KEYS  1-5 lock
-- ARGV  1-5 lock  6 token, or '' when the holder stops waiting and may have become the holder
-- Returns 1, or 0 when it was no longer the holder's
-- Complexity: O(log waiters)
if ARGV[6] == '' then
  forget(ARGV[5])
end
local token = tokenOf(ARGV[5])
if not token or (ARGV[6] ~= '' and ARGV[6] ~= token) then
  return 0
end
handOver()
return 1
