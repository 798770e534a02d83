"""The scripts over what Redis knows of users' notifications; `notices.py` says what a user's hash holds."""

from storage.notices import KEEP_IDS_SECONDS, KEEP_MATCHES_SECONDS, KEEP_PREFERENCES_SECONDS, MAX_KEPT

KEEP_SECONDS = KEEP_MATCHES_SECONDS + 24 * 60 * 60
"""A user's hash ends so long after it was last given its time."""

LIVE = """
local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (time[1] * 1000 + math.floor(time[2] / 1000)), '+inf')
"""

# ARGV: a MessagePack array [now in seconds, [gateways that live], notices as in `_notice`].
CLASSIFY = f"""
local NEW, DUPLICATE, CORRECTION, OUTDATED = 0, 1, 2, 3
local call, sub, match, null = redis.call, string.sub, string.match, cjson.null
local said = cmsgpack.unpack(ARGV[1])
local now, live, connected, answers = said[1], {{}}, {{}}, {{}}
local stamp = tostring(now)
for _, gateway in ipairs(said[2]) do live[gateway] = true end

local function has_connection(tag, owner)
    local known = connected[owner]
    if known == nil then
        known = false
        for _, field in ipairs(call('HKEYS', tag .. 'connections:' .. owner)) do
            if live[match(field, '^([^|]*)|')] then known = true break end
        end
        connected[owner] = known
    end
    return known
end

local function sweep(key)
    local all, kept = call('HGETALL', key), {{}}
    for n = 1, #all, 2 do
        local kind, at = sub(all[n], 1, 1), tonumber(sub(all[n + 1], 1, 10))
        if (kind == 'i' and now - at >= {KEEP_IDS_SECONDS}) or (kind == 'm' and now - at >= {KEEP_MATCHES_SECONDS})
            or (kind == 'd' and now >= at) then
            call('HDEL', key, all[n])
        elseif kind ~= 'p' and kind ~= 'u' then
            kept[#kept + 1] = {{at, all[n]}}
        end
    end
    table.sort(kept, function(one, other) return one[1] > other[1] end)
    for n = {MAX_KEPT} + 1, #kept do call('HDEL', key, kept[n][2]) end
end

for n, each in ipairs(said[3]) do
    local tag, owner, id, source, kind, window, about, version = unpack(each)
    local key = tag .. 'notices:' .. owner
    local seen, matched, upkeep, preferences, counted
    if window > 0 then
        seen, matched, upkeep, preferences, counted =
            unpack(call('HMGET', key, 'i' .. id, 'm' .. about, 'u', 'p', 'd' .. kind))
    else
        seen, matched, upkeep, preferences = unpack(call('HMGET', key, 'i' .. id, 'm' .. about, 'u', 'p'))
    end
    local verdict, other, recent, ends, again, versioned = NEW, '', 0, 0, false, version ~= ''
    if seen and now - sub(seen, 1, 10) < {KEEP_IDS_SECONDS} then
        local count, by = match(seen, '^(%d+)|(.*)$', 21)
        if by == source then
            again, recent, ends = true, tonumber(count), tonumber(sub(seen, 11, 20))
        else
            verdict, versioned = DUPLICATE, false
        end
    end
    if versioned and matched and now - sub(matched, 1, 10) < {KEEP_MATCHES_SECONDS} then
        local by, before = match(matched, '^([^|]*)|(.*)$', 31)
        if by == id then
            verdict, other, versioned = before ~= '' and CORRECTION or NEW, before, false
        elseif sub(matched, 11, 30) >= version then
            verdict, other, versioned = OUTDATED, by, false
        else
            verdict, other = CORRECTION, by
        end
    end
    if not again and verdict ~= DUPLICATE then
        local given, count = stamp, 1
        if upkeep then given, count = sub(upkeep, 1, 10), sub(upkeep, 11) + 1 end
        local stale = not upkeep or now - given >= 43200
        if stale then given = stamp end
        if count > {MAX_KEPT} then sweep(key) count = 0 end
        local entry = stamp .. '00000000000|' .. source
        if window > 0 and verdict ~= OUTDATED then
            if counted and now < tonumber(sub(counted, 1, 10)) then
                recent, ends = tonumber(sub(counted, 11)), tonumber(sub(counted, 1, 10))
            else
                recent, ends = 0, now + window
            end
            call('HSET', key, 'd' .. kind, ends .. (recent + 1))
            entry = stamp .. ends .. recent .. '|' .. source
        end
        if versioned then
            call('HSET', key, 'u', given .. count, 'i' .. id, entry,
                'm' .. about, stamp .. version .. id .. '|' .. other)
        else
            call('HSET', key, 'u', given .. count, 'i' .. id, entry)
        end
        if stale then call('EXPIRE', key, {KEEP_SECONDS}) end
    end
    local document = null
    if preferences and now - sub(preferences, 1, 10) < {KEEP_PREFERENCES_SECONDS} then
        document = sub(preferences, 11)
    end
    answers[n] = {{verdict, other, has_connection(tag, owner), recent, ends, document}}
end
return cmsgpack.pack(answers)
"""

# ARGV: a MessagePack array [now in seconds, [key, document, ...]]. Only where no document is known.
REMEMBER = f"""
local said = cmsgpack.unpack(ARGV[1])
for n = 1, #said[2], 2 do
    local found = redis.call('HGET', said[2][n], 'p')
    if not found or said[1] - string.sub(found, 1, 10) >= {KEEP_PREFERENCES_SECONDS} then
        redis.call('HSET', said[2][n], 'p', said[1] .. said[2][n + 1])
        redis.call('EXPIRE', said[2][n], {KEEP_SECONDS})
    end
end
"""
