-- Claims whose holder failed, for the script that takes them over (T4).
-- KEYS  2-4 streams high, normal, low
-- ARGV  none
-- Returns of findOverdue: {lane, row of XPENDING}, oldest first
-- Complexity: O(claims looked at), at most a few hundred for each stream; XPENDING walks the younger ones without giving them back:
--         O(claims and released tasks) where few are overdue, whatever waits
local function collect(lane, most, lease, ended, found)
  local stream, seen = KEYS[1 + lane], {}
  local function add(row)
    if row[2] ~= pool and not seen[row[1]] then
      seen[row[1]] = true
      table.insert(found, { lane = lane, row = row })
    end
  end
  for _, gone in ipairs(ended) do
    for _, row in ipairs(pending(stream, '-', '+', most, gone)) do
      add(row)
    end
  end
  local from, pages, size = '-', 0, math.max(most, 100)
  repeat
    local rows = pending(stream, 'IDLE', lease, from, '+', size)
    for _, row in ipairs(rows) do
      add(row)
      from = '(' .. row[1]
    end
    pages = pages + 1
  until #rows < size or #found >= most or pages >= 5
end

local function findOverdue(most, lease, ended)
  local found = {}
  for lane = 1, 3 do
    collect(lane, most, lease, ended, found)
  end
  table.sort(found, function(a, b)
    return isNewer(b.row[1], a.row[1])
  end)
  return found
end
