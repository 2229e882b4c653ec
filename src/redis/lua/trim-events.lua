-- Trims what retention no longer keeps of the event stream, also while nothing is appended (E4, E6).
-- KEYS  1 events  2 newest id that was trimmed
-- ARGV  1 most events  2 their longest age in ms
-- Returns nothing
-- Complexity: O(events trimmed)
trimEvents(KEYS[1], KEYS[2], ARGV[1], ARGV[2])
