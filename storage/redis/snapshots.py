"""Snapshots in Redis. One Lua script writes a batch, another reads a channel, so state and mark never disagree."""

from collections.abc import Sequence
from typing import Any

from storage.redis.connection import AsyncRedis, SyncRedis, outages_translated
from storage.redis.keys import PartitionTag, live_last, live_mark, live_state
from storage.snapshots import ChannelChange, LiveMark, MarkMovedError, Snapshot, SnapshotItem

_NUMBER = 20
"""Versions and offsets are decimal text of this width: Lua's numbers are doubles, exact only below 2^53."""

_ENTITY_SEPARATOR = "|"

# KEYS: the mark, then state and last of each channel. ARGV: the expected `next`, or ""; the number of mark arguments
# and they themselves (field, value ...); seconds to keep; then for each channel: last, number of items, and for each
# item field and value.
_WRITE = """
local stored = redis.call('HGET', KEYS[1], 'next') or ''
if stored ~= ARGV[1] then return stored end
local at = 3 + tonumber(ARGV[2])
redis.call('HSET', KEYS[1], unpack(ARGV, 3, at - 1))
local keep = ARGV[at]
at = at + 1
for key = 2, #KEYS, 2 do
    local state, last = KEYS[key], KEYS[key + 1]
    local items = tonumber(ARGV[at + 1])
    local shown = redis.call('GET', last)
    if not shown or shown < ARGV[at] then redis.call('SET', last, ARGV[at]) end
    redis.call('EXPIRE', last, keep)
    at = at + 2
    for _ = 1, items do
        local old = redis.call('HGET', state, ARGV[at])
        if not old or string.sub(old, 1, 20) < string.sub(ARGV[at + 1], 1, 20) then
            redis.call('HSET', state, ARGV[at], ARGV[at + 1])
        end
        at = at + 2
    end
    redis.call('EXPIRE', state, keep)
end
return false
"""

# KEYS: the mark, the channel's state and last.
_READ = """
local mark = redis.call('HMGET', KEYS[1], 'next', 'valid_from')
if not mark[1] or mark[1] < mark[2] then return false end
return {mark[1], redis.call('GET', KEYS[3]) or '', redis.call('HGETALL', KEYS[2])}
"""


class RedisSnapshotWriter:
    """A `SnapshotWriter` over a blocking Redis client."""

    def __init__(self, client: SyncRedis, keep_seconds: int) -> None:
        """`keep_seconds`: how long a channel's snapshot outlives its last record."""
        self._client = client
        self._keep_seconds = keep_seconds
        self._write = client.register_script(_WRITE)

    def mark(self, tag: PartitionTag) -> LiveMark | None:
        """See SnapshotWriter."""
        with outages_translated():
            stored: dict[bytes, bytes] = self._client.hgetall(live_mark(tag))  # type: ignore[assignment]  # sync client
        return _mark_of(stored) if b"next" in stored else None

    def write(self, tag: PartitionTag, expected: int | None, mark: LiveMark, changes: Sequence[ChannelChange]) -> None:
        """See SnapshotWriter."""
        keys = [live_mark(tag)]
        mark_arguments = _mark_arguments(mark)
        arguments: list[str | bytes] = ["" if expected is None else _number(expected), str(len(mark_arguments))]
        arguments += mark_arguments
        arguments.append(str(self._keep_seconds))
        for change in changes:
            keys += (live_state(tag, change.channel), live_last(tag, change.channel))
            arguments += (_number(change.last), str(len(change.items)))
            for item in change.items:
                arguments += (f"{item.kind}{_ENTITY_SEPARATOR}{item.entity}", _pack(item))
        with outages_translated():
            refused = self._write(keys=keys, args=arguments)
        if refused is not None:
            raise MarkMovedError(f"expected the mark of {tag} at {expected}, found {refused.decode() or 'none'}")


class RedisSnapshotReader:
    """A `SnapshotReader` over a Redis client of the event loop."""

    def __init__(self, client: AsyncRedis) -> None:
        self._read = client.register_script(_READ)

    async def read(self, tag: PartitionTag, channel: str) -> Snapshot | None:
        """See SnapshotReader."""
        keys = [live_mark(tag), live_state(tag, channel), live_last(tag, channel)]
        with outages_translated():
            found: Any = await self._read(keys=keys)
        if found is None:
            return None
        next_offset, last, state = found
        fields = state.items() if isinstance(state, dict) else zip(state[::2], state[1::2], strict=True)
        return Snapshot(
            next_offset=int(next_offset),
            last=int(last) if last else None,
            items=[_unpack(field, value) for field, value in fields],
        )


def _number(value: int) -> str:
    return f"{value:0{_NUMBER}d}"


def _pack(item: SnapshotItem) -> bytes:
    return b"%020d%020d%b" % (item.version, item.offset, item.payload)


def _unpack(field: bytes, value: bytes) -> SnapshotItem:
    kind, _, entity = field.decode().partition(_ENTITY_SEPARATOR)
    version, offset, payload = value[:_NUMBER], value[_NUMBER : 2 * _NUMBER], value[2 * _NUMBER :]
    return SnapshotItem(kind=kind, entity=entity, version=int(version), offset=int(offset), payload=payload)


_SOURCE = "source:"


def _mark_arguments(mark: LiveMark) -> list[str]:
    arguments = ["next", _number(mark.next_offset), "valid_from", _number(mark.valid_from)]
    arguments += ("latest_from", "" if mark.latest_from is None else _number(mark.latest_from))
    for (topic_id, partition), (offset, index) in mark.sources.items():
        arguments += (f"{_SOURCE}{topic_id}/{partition}", f"{offset}.{index}")
    return arguments


def _mark_of(stored: dict[bytes, bytes]) -> LiveMark:
    sources = {}
    for field, value in stored.items():
        name = field.decode()
        if name.startswith(_SOURCE):
            topic_id, _, partition = name.removeprefix(_SOURCE).rpartition("/")
            offset, _, index = value.decode().partition(".")
            sources[topic_id, int(partition)] = (int(offset), int(index))
    latest_from = stored.get(b"latest_from")
    return LiveMark(
        next_offset=int(stored[b"next"]),
        valid_from=int(stored[b"valid_from"]),
        latest_from=int(latest_from) if latest_from else None,
        sources=sources,
    )
