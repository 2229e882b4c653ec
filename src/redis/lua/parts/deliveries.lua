-- Entries of a queue's streams and their deliveries, for the scripts that claim and settle (T2, T3, T6).
-- KEYS  none of its own: the caller names stream and releases
-- ARGV  none
-- Returns of isNamed: whether the task of that entry has that name
-- Complexity: O(log claimed) a call
local group, pool = 'g', ':released'

-- XPENDING, after making the group when it is missing (a new queue, or data was lost).
local function pending(stream, ...)
  local rows = redis.pcall('XPENDING', stream, group, ...)
  if rows.err and string.find(rows.err, 'NOGROUP', 1, true) then
    redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
    return {}
  end
  if rows.err then
    error(rows)
  end
  return rows
end

local function fieldsOf(list)
  local fields = {}
  for i = 1, #list, 2 do
    fields[list[i]] = list[i + 1]
  end
  return fields
end

-- None when the entry is gone: strangers may have deleted it.
local function fieldsAt(stream, entry)
  local found = redis.call('XRANGE', stream, entry, entry)[1]
  return fieldsOf(found and found[2] or {})
end

-- An entry tells its task only when the task has moved; where none has, nothing is read but that. An entry that strangers wrote may
-- tell one that never was: it is that one, so that it can be ended.
local hasMoved
local function isNamed(stream, moved, lane, entry, name)
  if hasMoved == nil then
    hasMoved = redis.call('EXISTS', moved) == 1
  end
  if name ~= string.sub('hnl', lane, lane) .. '.' .. entry then
    local at = hasMoved and redis.call('HGET', moved, name)
    return at == entry or (not at and fieldsAt(stream, entry).t == name)
  end
  return not hasMoved or fieldsAt(stream, entry).t == nil
end

-- The task of a row as `deliver` makes them.
local function nameOf(row)
  return fieldsOf(row[5]).t or string.sub('hnl', row[1], row[1]) .. '.' .. row[2]
end

local function releasesOf(releases, entry, deliveries)
  if tonumber(deliveries) <= 1 then
    return 0
  end
  return tonumber(redis.call('HGET', releases, entry) or 0)
end

-- What a claimer gets: lane, entry, deliveries, releases, fields. `rows` are of XPENDING, oldest first.
local function deliver(taken, lane, stream, releases, node, rows)
  for _, row in ipairs(rows) do
    local claimed = redis.call('XCLAIM', stream, group, node, 0, row[1])[1]
    if claimed then
      local deliveries = row[4] + 1
      table.insert(taken, { lane, row[1], deliveries, releasesOf(releases, row[1], deliveries), claimed[2] })
    end
  end
end
