-- Dead letters of agents: a stream for each agent, whose entry ids tell when they died (M9, M10).
-- KEYS  none of its own: the caller names the dead letters of an agent, and how many were pushed out by agent
-- ARGV  none
-- Returns of readLetter: op id and envelope, nil when there is no such letter; of the others: nothing
-- Complexity: O(log letters)
local function keepLetter(letters, dropped, agent, id, opId, envelope, reason, failure, most)
  redis.call('XADD', letters, id, 'o', opId, 'e', envelope, 'r', reason, 'x', failure)
  local pushedOut = redis.call('XTRIM', letters, 'MAXLEN', '=', most)
  if pushedOut > 0 then
    redis.call('HINCRBY', dropped, agent, pushedOut)
  end
end

local function readLetter(letters, id)
  local letter = redis.call('XRANGE', letters, id, id)[1]
  if letter then
    return letter[2][2], letter[2][4] or ''
  end
end

local function forgetLetter(letters, dropped, agent, id)
  redis.call('XDEL', letters, id)
  if redis.call('XLEN', letters) == 0 then
    redis.call('DEL', letters)
    redis.call('HDEL', dropped, agent)
  end
end
