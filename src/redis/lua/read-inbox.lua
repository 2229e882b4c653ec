-- Reads an inbox in order and notes how far this epoch has read (M5).
-- KEYS  1 directory  2 inbox
-- ARGV  1 agent  2 epoch of the reader  3 start of the range  4 most entries
-- Returns 'STALE' when it is not the epoch that was granted last, else rows {entry, op id, envelope, 1 when redelivered}
-- Complexity: O(entries read)
local record = readRecord(redis.call('HGET', KEYS[1], ARGV[1]))
if tonumber(ARGV[2]) ~= record.epoch then
  return 'STALE'
end
local rows = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], ARGV[3], '+', 'COUNT', ARGV[4]) or {}) do
  local id, fields = entry[1], entry[2]
  local handedTo = tonumber(fields[6] or '') or record.epoch
  local isAgain = handedTo < record.epoch or (record.readBefore ~= '' and not isNewer(id, record.readBefore))
  table.insert(rows, { id, fields[2], fields[4] or '', isAgain and 1 or 0 })
end
local last = rows[#rows]
if last and (record.read == '' or isNewer(last[1], record.read)) then
  record.read = last[1]
  writeRecord(KEYS[1], ARGV[1], record)
end
return rows
