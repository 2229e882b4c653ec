-- The rules of frames, in front of every script that applies one (F1 to F4, F6).
-- KEYS  1 replies remembered of the sender in this lane and tag  2 presence lease of the sender
-- ARGV  1 seq  2 prev  3 '1' when leased  4 newest frame known to be applied, or 0  5 for how many ms
--       replies are remembered
-- Returns of openFrame: nil when the frame may be applied, else the reply of the script;
--         of closeFrame: {'OK', replies joined by \30}, which is also what a repeat gets
-- Complexity: O(1)
local remembered = 16

-- The replies are in slots, a to p and again; `order` says which frame is in which, the newest first: `;c:14;b:13;a:12;`.
local order, newest

local function openFrame()
  if ARGV[3] == '1' and redis.call('EXISTS', KEYS[2]) == 0 then
    return { 'PRESENCE' }
  end
  order = redis.call('HGET', KEYS[1], 'order') or ';'
  if string.find(order, ':' .. ARGV[1] .. ';', 1, true) then
    return { 'OK', redis.call('HGET', KEYS[1], string.match(order, ';(%l):' .. ARGV[1] .. ';')) }
  end
  local slot, last = string.match(order, '^;(%l):(%d+);')
  newest = slot
  if tonumber(ARGV[4]) > tonumber(last or 0) then
    return { 'FORGOTTEN', last or '0' }
  end
  if last then
    if tonumber(ARGV[1]) <= tonumber(last) then
      return { 'STALE' }
    end
    if ARGV[2] ~= '0' and not string.find(order, ':' .. ARGV[2] .. ';', 1, true) then
      return { 'ORDER' }
    end
  end
end

local function closeFrame(replies)
  local text = table.concat(replies, '\30')
  local slot = string.char(97 + (newest and string.byte(newest) - 96 or 0) % remembered)
  local pushedOut = string.find(order, ';' .. slot .. ':', 1, true)
  local others = string.sub(order, 1, pushedOut or -1)
  redis.call('HSET', KEYS[1], slot, text, 'order', ';' .. slot .. ':' .. ARGV[1] .. others)
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  return { 'OK', text }
end
