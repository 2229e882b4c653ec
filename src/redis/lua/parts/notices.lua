-- Notices collected in a script: few PUBLISHes for each channel, in the order of their first notices.
-- KEYS  none
-- ARGV  none
-- Returns of tell, tellText, publish: nothing
-- Complexity: O(notices), plus the subscribers of each channel

-- Lua joins texts of up to 8 KiB in one step; longer ones it would copy several times.
local mostBytes = 6000
local batches, openBatch = {}, {}

-- `text` is a notice as it goes on the wire.
local function tellText(channel, text)
  local batch = openBatch[channel]
  if not batch or batch.bytes > mostBytes then
    batch = { bytes = 0, channel = channel }
    openBatch[channel], batches[#batches + 1] = batch, batch
  end
  batch.bytes = batch.bytes + #text
  batch[#batch + 1] = text
end

local function tell(channel, ...)
  tellText(channel, table.concat({ ... }, '\31'))
end

local function publish()
  for _, batch in ipairs(batches) do
    redis.call('PUBLISH', batch.channel, table.concat(batch, '\30'))
  end
end
