-- Entries leave their inboxes together, when a script is done with all of them; an inbox that became empty is deleted (M4).
-- KEYS  none of its own: the caller names inboxes, directory and the inboxes that are not empty
-- ARGV  none
-- Returns of isLeaving: whether the entry is among them; of leave, endInboxes: nothing
-- Complexity: O(entries + inboxes * log non-empty inboxes)
local leaving, inboxes = {}, {}
local function leave(inbox, agent, owner, entry)
  local entries = leaving[inbox]
  if not entries then
    entries = { agent = agent, owner = owner }
    leaving[inbox], inboxes[#inboxes + 1] = entries, inbox
  end
  entries[entry], entries[#entries + 1] = true, entry
end

local function isLeaving(inbox, entry)
  return leaving[inbox] and leaving[inbox][entry]
end

local function endInboxes(directory, nonEmpty)
  local empty, members = {}, {}
  for _, inbox in ipairs(inboxes) do
    local entries = leaving[inbox]
    if redis.call('XLEN', inbox) > #entries then
      redis.call('XDEL', inbox, unpack(entries))
    else
      empty[#empty + 1], members[#members + 1] = inbox, entries.owner .. '\31' .. entries.agent
      if entries.owner == '' then
        redis.call('HDEL', directory, entries.agent)
      end
    end
  end
  if #empty > 0 then
    redis.call('DEL', unpack(empty))
    redis.call('ZREM', nonEmpty, unpack(members))
  end
end
