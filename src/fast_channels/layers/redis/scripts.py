"""The Lua scripts of queues, each with what it promises.

Redis runs a script as one step, so nobody sees half of one, and two that come at the same time run one after
the other. All keys of a script are on one node of a Redis Cluster, because their names have the channel in
braces.

An entry of a queue is the time at which it is due, as 13 digits of milliseconds, and the frame. The server's
clock is the only one, because those of processes differ. What begins with no time was put there by somebody
else; whoever takes it finds out what it is.

A *receipt* makes a script idempotent: one that is sent again, because its answer was lost with the
connection, finds the receipt of the first time and changes nothing.
"""

from typing import Final

__all__ = ["PUT", "RECEIPT_SECONDS", "RETURN", "TAKE"]

RECEIPT_SECONDS: Final = 60
"""How long an answer can be asked for again that was lost with the connection."""

_COMMON: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function due(entry)
    return tonumber(string.sub(entry, 1, 13))
end
local function keep(milliseconds)
    if redis.call('PTTL', KEYS[1]) < tonumber(milliseconds) then
        redis.call('PEXPIRE', KEYS[1], milliseconds)
    end
end
"""

# Whoever may not publish has put nothing into the queue: that call comes before the first change, and those
# whom it wakes look when the script has ended. A server without memory refuses RPUSH, but
# not after another change.
PUT: Final = f"""{_COMMON}
local outdated = 0
while true do
    local head = redis.call('LINDEX', KEYS[1], outdated)
    if not head or (due(head) or math.huge) > now then break end
    outdated = outdated + 1
end
local fits = redis.call('LLEN', KEYS[1]) - outdated < tonumber(ARGV[2])
if fits then
    redis.call('PUBLISH', ARGV[4], '')
    redis.call('RPUSH', KEYS[1], string.format('%013d', now + ARGV[3]) .. ARGV[1])
    keep(ARGV[3])
end
if outdated > 0 then redis.call('LTRIM', KEYS[1], outdated, -1) end
return {{fits and 1 or 0, outdated}}
"""
"""Append a frame to a queue, unless the queue holds as many that are not due as its capacity allows.

Keys: the queue. Arguments: the frame, the capacity, the milliseconds after which it expires, and the name
under which the readers are told.

Returns whether the frame was appended (1 or 0), and how many entries at the head had expired, which are gone.

Promises: an error means that nothing was appended. The queue ends by itself when its last entry is due. There
is no receipt, so it is never sent again: a sender whose connection is lost gets an error, and its frame may
be in the queue.
"""

TAKE: Final = f"""{_COMMON}
local receipt = redis.call('GET', KEYS[2])
if receipt then return cmsgpack.unpack(receipt) end
local taken = {{0}}
while #taken < 2 * ARGV[1] do
    local head = redis.call('LPOP', KEYS[1])
    if not head then break end
    local at = due(head)
    if at and at <= now then
        taken[1] = taken[1] + 1
    else
        taken[#taken + 1] = at and at - now or 1
        taken[#taken + 1] = at and string.sub(head, 14) or head
    end
end
if #taken > 1 or taken[1] > 0 then
    redis.call('SET', KEYS[2], cmsgpack.pack(taken), 'EX', {RECEIPT_SECONDS})
end
return taken
"""
"""Take entries from the head of a queue, oldest first.

Keys: the queue, and the receipt. Argument: how many to take at most.

Returns how many entries were due, which are gone, and then for each that was taken the milliseconds that are
left to it, and its frame.

Promises: with the same receipt, within `RECEIPT_SECONDS`, the answer is the same and nothing more is taken,
whatever the argument. So each entry is in the queue, or in one answer that can be had again. Nothing is left
behind when the queue was empty. Whoever has the answer removes the receipt.
"""

# A server whose memory is full refuses a script, unless one that has changed something already: so it gets
# back what it gave.
RETURN: Final = f"""{_COMMON}
redis.call('LTRIM', KEYS[1], 0, -1)
if not redis.call('SET', KEYS[2], '', 'NX', 'EX', {RECEIPT_SECONDS}) then return 0 end
for i = #ARGV, 3, -2 do
    redis.call('LPUSH', KEYS[1], string.format('%013d', now + ARGV[i - 1]) .. ARGV[i])
    keep(ARGV[i - 1])
end
redis.pcall('PUBLISH', ARGV[1], '')
return #ARGV - 1
"""
"""Put entries back to the head of a queue, in the order in which they were taken.

Keys: the queue, and the receipt. Arguments: the name under which the readers are told, and then for each
entry the milliseconds that are left to it, and its frame.

Returns 0 when the receipt was there already, another number otherwise.

Promises: all entries go back, or none does, and with the same receipt only once. The capacity does not count.
That a reader cannot be told is no error: the entries are back all the same.
"""
