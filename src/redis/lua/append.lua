-- Appends events, publishes the live copy of each and trims what retention no longer keeps (E1, E2, E4).
-- KEYS  1, 2 frame  3 events  4 newest id that was trimmed
-- ARGV  1-5 frame  6 channel  7 most events  8 their longest age in ms  9 '1' when the copies of a frame are published joined
--       then for each op: agent, topic, metadata, timestamp, op id, sentAt, '1' when metadata wraps, '1' when it was lost
--       and is sent again, the JSON text without its end
-- Returns a frame reply: the id of each event
-- Complexity: O(ops + events trimmed)
local known = openFrame()
if known then
  return known
end
local append, publishJoined = appender(KEYS[3], ARGV[6], ARGV[9] == '1')
local replies = {}
for i = 10, #ARGV, 9 do
  replies[#replies + 1] = append(unpack(ARGV, i, i + 8))
end
publishJoined()
trimEvents(KEYS[3], KEYS[4], ARGV[7], ARGV[8])
return closeFrame(replies)
