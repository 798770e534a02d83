"""What is known of users' notifications, in Redis: one script for a piece of a batch, with one argument.

Everything of one user is one hash (`keys.notices`), read by one command and written by one:

| field | value | for |
|---|---|---|
| `i` + id | seconds, window's end, recent `|` source | 24 h |
| `m` + match key | seconds, version (20 digits), id `|` id that it replaced | 7 d |
| `d` + type | window's end, count | the window |
| `p` | seconds, preferences | 1 h |
| `u` | when the hash was last given 8 days to live, writes since it was last swept | |

Instants are seconds in ten digits, so that a script finds what follows without a search. What is older than its time is
passed over, and removed by a sweep after every so many writes; a user's hash never has more than four times `MAX_KEPT`
fields.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import redis
from redis.exceptions import NoScriptError

from domain.instants import SECOND, Micros
from storage.notices import (
    KEEP_IDS_SECONDS,
    KEEP_MATCHES_SECONDS,
    KEEP_PREFERENCES_SECONDS,
    MAX_KEPT,
    Answer,
    Asked,
)
from storage.redis.connection import AsyncRedis, SyncRedis, outages_translated
from storage.redis.keys import PREFIX, gateway_leases, notices, user_slot

GATEWAYS_SECONDS = 0.5
"""How long the list of living gateways is believed."""
PIECE = 100
"""Notifications for which the script is run once: about 1.5 ms in which Redis serves nobody else."""
KEEP_SECONDS = KEEP_MATCHES_SECONDS + 24 * 60 * 60

_LIVE = """
local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (time[1] * 1000 + math.floor(time[2] / 1000)), '+inf')
"""

# ARGV: a MessagePack array [now in seconds, [gateways that live], notices as in `_notice`].
_CLASSIFY = f"""
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
_REMEMBER = f"""
local said = cmsgpack.unpack(ARGV[1])
for n = 1, #said[2], 2 do
    local found = redis.call('HGET', said[2][n], 'p')
    if not found or said[1] - string.sub(found, 1, 10) >= {KEEP_PREFERENCES_SECONDS} then
        redis.call('HSET', said[2][n], 'p', said[1] .. said[2][n + 1])
        redis.call('EXPIRE', said[2][n], {KEEP_SECONDS})
    end
end
"""

_Notice = tuple[str, str, str, str, str, int, str, str]


class RedisNotices:
    """A `NoticeStore` over a blocking Redis client. In a cluster it asks once for each user slot of the batch."""

    def __init__(self, client: SyncRedis, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._run: Callable[..., Any] = client.execute_command
        self._clock = clock
        self._scripts = {text: client.register_script(text).sha for text in (_LIVE, _CLASSIFY, _REMEMBER)}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Answer]).decode
        self._gateways: list[str] = []
        self._gateways_until = float("-inf")

    def classify(self, asked: Sequence[Asked], now: Micros) -> Iterator[Answer]:
        """See NoticeStore."""
        with outages_translated():
            seconds, gateways = now // SECOND, self._live_gateways()
            if isinstance(self._client, redis.RedisCluster):
                yield from self._in_cluster(asked, seconds, gateways)
            else:
                yield from self._in_pieces(self._client, asked, seconds, gateways)

    def remember(self, documents: Mapping[tuple[str, str], bytes], now: Micros) -> None:
        """See NoticeStore."""
        owners = list(documents)
        slots = (
            _by_slot([_tag(*owner) for owner in owners])
            if isinstance(self._client, redis.RedisCluster)
            else {"": list(range(len(owners)))}
        )
        with outages_translated():
            for numbers in slots.values():
                said: list[str] = []
                for number in numbers:
                    said += (notices(*owners[number]), documents[owners[number]].decode())
                if said:
                    self._execute(_REMEMBER, said[0], self._encode([now // SECOND, said]))

    def _in_cluster(self, asked: Sequence[Asked], now: int, gateways: list[str]) -> list[Answer]:
        said = [_notice(each) for each in asked]
        answers: dict[int, Answer] = {}
        for numbers in _by_slot([each[0] for each in said]).values():
            found = self._ask(now, gateways, [said[number] for number in numbers])
            answers.update(zip(numbers, found, strict=True))
        return [answers[number] for number in range(len(asked))]

    def _in_pieces(
        self, client: redis.Redis, asked: Sequence[Asked], now: int, gateways: list[str]
    ) -> Iterator[Answer]:
        """Sends all pieces before it reads an answer: while we read one and plan, Redis works on the next one, and
        between two it serves others.
        """
        pieces = [[_notice(each) for each in asked[start : start + PIECE]] for start in range(0, len(asked), PIECE)]
        if len(pieces) < 2:
            for piece in pieces:
                yield from self._ask(now, gateways, piece)
            return
        connection: Any = client.connection_pool.get_connection()
        answered = 0
        try:
            for piece in pieces:
                said = self._encode((now, gateways, piece))
                connection.send_command("EVALSHA", self._scripts[_CLASSIFY], 1, piece[0][0], said)
            while answered < len(pieces):
                found = self._decode(connection.read_response())
                answered += 1
                yield from found
        except NoScriptError:
            for piece in pieces[answered:]:
                yield from self._ask(now, gateways, piece)
        finally:
            if answered < len(pieces):
                connection.disconnect()  # nobody may read the answers that are still to come
            client.connection_pool.release(connection)

    def _ask(self, now: int, gateways: list[str], said: list[_Notice]) -> list[Answer]:
        return self._decode(self._execute(_CLASSIFY, said[0][0], self._encode((now, gateways, said))))

    def _live_gateways(self) -> list[str]:
        if self._clock() >= self._gateways_until:
            self._gateways = [each.decode() for each in self._execute(_LIVE, gateway_leases())]
            self._gateways_until = self._clock() + GATEWAYS_SECONDS
        return self._gateways

    def _execute(self, script: str, key: str, *arguments: bytes) -> Any:
        """`key`: where in a cluster the script is run."""
        try:
            return self._run("EVALSHA", self._scripts[script], 1, key, *arguments)
        except NoScriptError:  # the server was restarted, or failed over
            return self._run("EVAL", script, 1, key, *arguments)


class RedisPreferencesCache:
    """A `PreferencesCache` over a Redis client of the event loop."""

    def __init__(self, client: AsyncRedis) -> None:
        self._client = client

    async def set(self, tenant: str, user: str, document: bytes, now: Micros) -> None:
        """See PreferencesCache."""
        key = notices(tenant, user)
        with outages_translated():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.hset(key, "p", b"%d%b" % (now // SECOND, document))
            pipeline.expire(key, KEEP_SECONDS)
            await pipeline.execute()


def _notice(asked: Asked) -> _Notice:
    tenant, user, notice, source, kind, window, match_key, version = asked
    tag = _tag(tenant, user)
    if match_key is None or version is None:
        return (tag, f"{tenant}/{user}", notice, source, kind, window, "", "")
    # Lua's numbers have 53 bits, so versions are compared as text.
    return (tag, f"{tenant}/{user}", notice, source, kind, window, match_key, f"{version + (1 << 63):020d}")


def _tag(tenant: str, user: str) -> str:
    return f"{PREFIX}:{user_slot(tenant, user)}:"


def _by_slot(tags: Sequence[str]) -> dict[str, list[int]]:
    slots: dict[str, list[int]] = {}
    for number, tag in enumerate(tags):
        slots.setdefault(tag, []).append(number)
    return slots
