-- Notices collected in a script: one PUBLISH for each channel, in the order of their first notice.
-- KEYS  none
-- ARGV  none
-- Returns of tell, publish: nothing
-- Complexity: O(notices), plus the subscribers of each channel
local notices, channels = {}, {}

local function tell(channel, ...)
  if not notices[channel] then
    notices[channel] = {}
    channels[#channels + 1] = channel
  end
  table.insert(notices[channel], table.concat({ ... }, '\31'))
end

local function publish()
  for _, channel in ipairs(channels) do
    redis.call('PUBLISH', channel, table.concat(notices[channel], '\30'))
  end
end
