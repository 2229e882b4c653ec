-- The rules of frames, in front of every script that applies one (F1 to F4, F6).
-- KEYS  1 replies remembered of the sender in this lane and tag  2 presence lease of the sender
-- ARGV  1 seq  2 prev  3 '1' when leased  4 newest frame known to be applied, or 0  5 for how many ms
--       replies are remembered
-- Returns of openFrame: nil when the frame may be applied, else the reply of the script;
--         of closeFrame: {'OK', replies joined by \30}, which is also what a repeat gets
-- Complexity: O(1); O(remembered) once a reply is pushed out
local remembered = 16

local function openFrame()
  if ARGV[3] == '1' and redis.call('EXISTS', KEYS[2]) == 0 then
    return { 'PRESENCE' }
  end
  local known = redis.call('HMGET', KEYS[1], ARGV[1], 'last', ARGV[2])
  if known[1] then
    return { 'OK', known[1] }
  end
  if tonumber(ARGV[4]) > tonumber(known[2] or 0) then
    return { 'FORGOTTEN', known[2] or '0' }
  end
  if known[2] then
    if tonumber(ARGV[1]) <= tonumber(known[2]) then
      return { 'STALE' }
    end
    if ARGV[2] ~= '0' and not known[3] then
      return { 'ORDER' }
    end
  end
end

local function forgetOldestReply()
  local oldest
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    local seq = tonumber(field)
    if seq and (not oldest or seq < oldest) then
      oldest = seq
    end
  end
  redis.call('HDEL', KEYS[1], string.format('%.0f', oldest))
end

local function closeFrame(replies)
  local text = table.concat(replies, '\30')
  redis.call('HSET', KEYS[1], ARGV[1], text, 'last', ARGV[1])
  if redis.call('HLEN', KEYS[1]) > remembered + 1 then
    forgetOldestReply()
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  return { 'OK', text }
end
