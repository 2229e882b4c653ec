-- Gives a permit of a lock back and hands it to the first waiter (L4, L6, L7, L9); without a token, whatever its token is.
-- KEYS  1-7 lock
-- ARGV  1-5 lock  6 token, or '' when the holder stops waiting and may have become the holder
--       7 ms for which a contended lock stays free now and then (L9), or 0
-- Returns 1, or 0 when it was no longer the holder's
-- Complexity: O(log waiters + log holders), times the permits that became free
if ARGV[6] == '' then
  forget(ARGV[5])
end
local token = tokenOf(ARGV[5])
if not token or (ARGV[6] ~= '' and ARGV[6] ~= token) then
  return 0
end
if permits == 1 then
  redis.call('DEL', KEYS[1])
else
  letGo(ARGV[5])
end
local isFree = permits == 1 or hasRoom()
while isFree do
  local first = firstWaiter()
  if not first then
    endRow()
    break
  end
  if pauses(first, tonumber(ARGV[7])) then
    break
  end
  handTo(first)
  isFree = hasRoom()
end
publish()
return 1
