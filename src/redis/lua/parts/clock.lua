-- Server time, and numbers that grow for ever (M2, L2, P2).
-- KEYS  none of its own: the caller names the counters
-- ARGV  none
-- Returns of minter: a function that gives the next entry id, and one that stores how far it came;
--         of nextNumber: max(last + 1, server time in microseconds), stored
-- Complexity: O(1)
local time = redis.call('TIME')
local nowUs = tonumber(time[1]) * 1000000 + tonumber(time[2])
local nowMs = math.floor(nowUs / 1000)

local function whole(number)
  return string.format('%.0f', number)
end

-- Ids `<ms>-<seq>`. In a new millisecond seq starts at `seed`, drawn by the caller: a number lost with the data is not
-- minted again. When the clock goes back, the last millisecond goes on. Who mints none reads and stores nothing.
local function minter(meta, seed)
  local ms, seq, before
  local function mint()
    if not ms then
      local last = redis.call('HMGET', meta, 'ms', 'seq')
      ms, seq = tonumber(last[1] or 0), tonumber(last[2] or 0)
      if nowMs > ms then
        ms, seq = nowMs, tonumber(seed)
      end
      before = whole(ms) .. '-'
    end
    seq = seq + 1
    return before .. seq
  end
  local function save()
    if ms then
      redis.call('HSET', meta, 'ms', whole(ms), 'seq', whole(seq))
    end
  end
  return mint, save
end

local function nextNumber(meta, field)
  local number = math.max(tonumber(redis.call('HGET', meta, field) or 0) + 1, nowUs)
  redis.call('HSET', meta, field, whole(number))
  return number
end

-- True when entry id `a` is newer than `b`; a `b` without sequence is a time, and everything from it on is newer.
local function isNewer(a, b)
  local aMs, aSeq = string.match(a, '^(%d+)%-?(%d*)$')
  local bMs, bSeq = string.match(b, '^(%d+)%-?(%d*)$')
  aMs, bMs = tonumber(aMs or 0), tonumber(bMs or 0)
  return aMs > bMs or (aMs == bMs and (tonumber(aSeq) or -1) > (tonumber(bSeq) or -1))
end
