-- Replaces profiles, each unless the stored one is newer: the rule of ProfileRow.replaces (Python) and of
-- ProfileRow (Java), which both run this file.
--
-- KEYS: the hash of each row. ARGV: the present time, then for each row its epoch, its ordinal, the time of
-- its update, that of its expiry (all in ms), and the profile. Returns the number of rows that were written.
local now = tonumber(ARGV[1])
local written = 0
for row = 1, #KEYS do
  local first = 5 * (row - 1) + 2
  local epoch, ordinal = tonumber(ARGV[first]), tonumber(ARGV[first + 1])
  local stored = redis.call('HMGET', KEYS[row], 'e', 'o', 'x')
  local is_newer = true
  if stored[1] and tonumber(stored[3]) > now then
    local stored_epoch = tonumber(stored[1])
    is_newer = epoch > stored_epoch or (epoch == stored_epoch and ordinal >= tonumber(stored[2]))
  end
  if is_newer then
    redis.call('HSET', KEYS[row], 'e', ARGV[first], 'o', ARGV[first + 1], 'u', ARGV[first + 2],
      'x', ARGV[first + 3], 'p', ARGV[first + 4])
    redis.call('PEXPIREAT', KEYS[row], ARGV[first + 3])
    written = written + 1
  end
end
return written
