-- Whether deliveries are still those of their node, for the scripts that renew and settle (T3, T6).
-- KEYS  none of its own: the caller names the stream
-- ARGV  none
-- Returns of isHeld: whether node holds that delivery; of giveUp: nothing; of readPlace: the entry and the name of its task
-- Complexity: O(log claimed) a call, and as much for what is read ahead

-- Most deliveries of a call follow each other in their stream, so the next ones of the node are read with the one that is asked for:
-- once more as many as the last read was good for.
local heldOf, used = {}, 0
local function isHeld(stream, entry, node, deliveries)
  local held = heldOf[stream] or {}
  heldOf[stream] = held
  if held[entry] == nil then
    held[entry] = false
    for _, row in ipairs(pending(stream, entry, '+', 1 + 2 * used, node)) do
      held[row[1]] = row[4]
    end
    used = 0
  end
  used = used + 1
  return held[entry] == tonumber(deliveries)
end

-- It is another consumer's from now on.
local function giveUp(stream, entry)
  heldOf[stream][entry] = false
end

-- A place is an entry, and behind a space the name of its task where that is not made of it.
local function readPlace(lane, place)
  local gap = string.find(place, ' ', 1, true)
  if gap then
    return string.sub(place, 1, gap - 1), string.sub(place, gap + 1)
  end
  return place, string.sub('hnl', lane, lane) .. '.' .. place
end
