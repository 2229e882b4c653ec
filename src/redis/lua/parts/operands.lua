-- Keys and arguments of operations that do not all have the same number of them, taken one after the other.
-- KEYS  none of its own
-- ARGV  none of its own
-- Returns of nextKey, nextArg: the next one; of takeFrom: nothing
-- Complexity: O(1)
local keyAt, argAt

-- Where those of the first operation are.
local function takeFrom(key, arg)
  keyAt, argAt = key - 1, arg - 1
end

local function nextKey()
  keyAt = keyAt + 1
  return KEYS[keyAt]
end

local function nextArg()
  argAt = argAt + 1
  return ARGV[argAt]
end
