-- Stores new tasks, waiting or parked, unless their key stands for one already (T7) or the queue is full (T1).
-- KEYS  1, 2 frame  3 meta  4-6 streams high, normal, low  7 parked  8 due  9.. keys, of the ops that have one
-- ARGV  1-5 frame  6 seed; then for each op: stream 1-3, delay in ms, envelope, most tasks, ms its key lives (0: no key)
-- Returns a frame reply: '+<number>', '=<name of the task known>' or '!<tasks in the queue>' for each op
-- Complexity: O(ops), O(log parked) for delayed ones
local known = openFrame()
if known then
  return known
end
local mint, save = minter(KEYS[3], ARGV[6])
local tasks = redis.call('HLEN', KEYS[7])
for lane = 1, 3 do
  tasks = tasks + redis.call('XLEN', KEYS[3 + lane])
end
local letters = { 'h', 'n', 'l' }
local replies, keyed = {}, 8
for i = 7, #ARGV, 5 do
  local lane, delay, envelope = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), ARGV[i + 2]
  local keyMs, key = tonumber(ARGV[i + 4]), nil
  if keyMs > 0 then
    keyed = keyed + 1
    key = KEYS[keyed]
  end
  local knownTask = key and redis.call('GET', key)
  if knownTask then
    table.insert(replies, '=' .. knownTask)
  elseif tasks >= tonumber(ARGV[i + 3]) then
    table.insert(replies, '!' .. tasks)
  else
    local number = mint()
    if delay > 0 then
      park(KEYS[7], KEYS[8], letters[lane] .. '.' .. number, envelope, 0, delay, #replies)
    else
      redis.call('XADD', KEYS[3 + lane], number, 'e', envelope)
    end
    if key then
      redis.call('SET', key, letters[lane] .. '.' .. number, 'PX', ARGV[i + 4])
    end
    tasks = tasks + 1
    table.insert(replies, '+' .. number)
  end
end
save()
return closeFrame(replies)
