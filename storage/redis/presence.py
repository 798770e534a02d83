"""Presence in Redis: a hash for each place, and one sorted set with the leases of all gateways, by Redis' own clock."""

import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import msgspec
from redis.asyncio import RedisCluster

from storage.presence import Change, Counted, Entry
from storage.redis.connection import AsyncRedis, outages_translated
from storage.redis.keys import gateway_leases, last_seen_at

KEEP_SECONDS = 86_400
"""How long a place is kept after the last write to it: rubbish of dead gateways, at places nobody comes to."""
SEEN_SECONDS = 30 * 86_400
"""How long it is kept when a user was last seen."""
PIPELINED = 500
"""Changes that are sent at once."""

_SEPARATOR = "|"

# KEYS: the leases. ARGV: the gateway, seconds. Leases that ended a day ago are forgotten.
_RENEW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now + math.floor(ARGV[2] * 1000), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 86400000)
return (ends and tonumber(ends) > now) and 1 or 0
"""

# KEYS: the leases. The gateways that live.
_LIVE = """
local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (time[1] * 1000 + math.floor(time[2] / 1000)), '+inf')
"""

# KEYS: the place of each change. ARGV: seconds to keep; then as one MessagePack array for each change the field, the
# value, empty to remove, and the key to note by when that was: redis-py spends more time on an argument than the
# gateway on reading a token.
_WRITE = f"""
local said = cmsgpack.unpack(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for number, place in ipairs(KEYS) do
    local field, value, seen = said[3 * number - 2], said[3 * number - 1], said[3 * number]
    if value == '' then
        redis.call('HDEL', place, field)
        if seen ~= '' then redis.call('SET', seen, string.format('%d', now), 'EX', {SEEN_SECONDS}) end
    else
        redis.call('HSET', place, field, value)
        redis.call('EXPIRE', place, ARGV[1])
    end
end
"""


class RedisPresence:
    """A `PresenceStore` over a Redis client of the event loop."""

    def __init__(self, client: AsyncRedis) -> None:
        self._client = client
        self._renew = client.register_script(_RENEW)
        self._live = client.register_script(_LIVE)
        self._set = client.register_script(_WRITE)

    async def renew(self, gateway: str, seconds: float) -> bool:
        """See PresenceStore."""
        with outages_translated():
            return bool(await self._renew(keys=[gateway_leases()], args=[gateway, f"{seconds:.3f}"]))

    async def end(self, gateway: str) -> None:
        """See PresenceStore."""
        with outages_translated():
            await self._client.zrem(gateway_leases(), gateway)

    async def write(self, gateway: str, changes: Sequence[Change]) -> None:
        """See PresenceStore."""
        left = iter(changes)
        while batch := tuple(islice(left, PIPELINED)):
            with outages_translated():
                await self._write(gateway, batch)

    async def read(self, place: str, *, but: str, at_most: int) -> list[Entry] | None:
        """See PresenceStore."""
        others = await self._others(but)
        if not others:
            return []
        with outages_translated():
            # The names first: there may be many more of them, and some are of dead gateways.
            fields = _of(others, await self._client.hkeys(place))
            if len(fields) > at_most:
                return None
            values: list[Any] = []
            if fields:
                values = await self._client.hmget(place, [_SEPARATOR.join(field) for field in fields])
        return [
            Entry(client, user, value)
            for (_, client, user), value in zip(fields, values, strict=True)
            if value is not None
        ]

    async def last_seen(self, place: str) -> int | None:
        """See PresenceStore."""
        key = last_seen_at(place)
        with outages_translated():
            at = None if key is None else await self._client.get(key)
        return None if at is None else int(at)

    async def count(self, place: str, *, but: str) -> Counted:
        """See PresenceStore."""
        others = await self._others(but)
        if not others:
            return Counted(frozenset(), frozenset())
        with outages_translated():
            found = _of(others, await self._client.hkeys(place))
        return Counted(frozenset(client for _, client, _ in found), frozenset(user for *_, user in found))

    async def _others(self, but: str) -> frozenset[str]:
        with outages_translated():
            live: list[bytes] = await self._live(keys=[gateway_leases()])
        return frozenset(each.decode() for each in live) - {but}

    async def _write(self, gateway: str, changes: Sequence[Change]) -> None:
        """One call of a script: a command for each change costs the gateway more than opening the connection."""
        if isinstance(self._client, RedisCluster):
            await self._write_spread(gateway, changes)
            return
        said: list[str] = []
        for change in changes:
            seen = last_seen_at(change.place) if change.value is None else None
            said += (_field(gateway, change), (change.value or b"").decode(), seen or "")
        keys = [change.place.encode() for change in changes]
        await self._set(keys=keys, args=[KEEP_SECONDS, msgspec.msgpack.encode(said)])

    async def _write_spread(self, gateway: str, changes: Sequence[Change]) -> None:
        """In a cluster each place may be on another node, where no script reaches."""
        pipeline = self._client.pipeline(transaction=False)
        for change in changes:
            if change.value is None:
                pipeline.hdel(change.place, _field(gateway, change))
                if (seen := last_seen_at(change.place)) is not None:
                    pipeline.set(seen, time.time_ns() // 1_000_000, ex=SEEN_SECONDS)
            else:
                pipeline.hset(change.place, _field(gateway, change), change.value)
        for place in dict.fromkeys(change.place for change in changes):
            pipeline.expire(place, KEEP_SECONDS)
        await pipeline.execute()


def _field(gateway: str, change: Change) -> str:
    return _SEPARATOR.join((gateway, change.client, change.user))


def _of(gateways: frozenset[str], fields: Iterable[Any]) -> list[tuple[str, str, str]]:
    """(gateway, client, user) of the fields that belong to one of the gateways."""
    split = (field.decode().split(_SEPARATOR, 2) for field in fields)
    return [(gateway, client, user) for gateway, client, user in split if gateway in gateways]
