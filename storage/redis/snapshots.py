"""Snapshots in Redis. One Lua script writes a batch, another reads a channel, so state and mark never disagree."""

from collections.abc import Sequence
from typing import Any

from storage.redis.connection import AsyncRedis, SyncRedis, outages_translated
from storage.redis.keys import PartitionTag, live_history, live_last, live_mark, live_state
from storage.snapshots import (
    ChannelChange,
    ChannelIndex,
    LiveMark,
    MarkMovedError,
    Snapshot,
    SnapshotItem,
    channel_index,
)

HISTORY_OFFSETS = 256
"""How many offsets of a channel are listed. A list is cut to this when it is half as long again."""

_NUMBER = 20
"""Versions and offsets are decimal text of this width: Lua's numbers are doubles, exact only below 2^53. Only the
offsets in lists are as short as they are, so that Redis packs them as integers."""

_ENTITY_SEPARATOR = "|"

# KEYS: the mark, then state, last and history of each channel. ARGV: the expected `next`, or ""; the number of mark
# arguments and they themselves (field, value ...); seconds to keep; how many offsets to list; then for each channel:
# last, number of items, number of offsets, "1" if these are not all, for each item field and value, and the offsets.
# `last` holds 20 digits of the last offset, and after them the offset at which the list was cut, if it was.
_WRITE = """
local stored = redis.call('HGET', KEYS[1], 'next') or ''
if stored ~= ARGV[1] then return stored end
local at = 3 + tonumber(ARGV[2])
redis.call('HSET', KEYS[1], unpack(ARGV, 3, at - 1))
local known_from = redis.call('HGET', KEYS[1], 'history_from') or ''
local keep, listed = ARGV[at], tonumber(ARGV[at + 1])
at = at + 2
for key = 2, #KEYS, 3 do
    local state, last, history = KEYS[key], KEYS[key + 1], KEYS[key + 2]
    local newest, items, offsets, cut = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3]
    at = at + 4
    for _ = 1, items do
        local old = redis.call('HGET', state, ARGV[at])
        if not old or string.sub(old, 1, 20) < string.sub(ARGV[at + 1], 1, 20) then
            redis.call('HSET', state, ARGV[at], ARGV[at + 1])
        end
        at = at + 2
    end
    redis.call('EXPIRE', state, keep)
    local cut_at, shown = '', redis.call('GET', last)
    if shown then
        cut_at, shown = string.sub(shown, 21), string.sub(shown, 1, 20)
        if newest < shown then newest = shown end
    end
    if offsets > 0 then
        if cut == '1' then redis.call('DEL', history) end
        local length = redis.call('RPUSH', history, unpack(ARGV, at, at + offsets - 1))
        if cut == '1' or (length == offsets and shown and shown >= known_from) then
            cut_at = ARGV[at]
        elseif length > listed + listed / 2 then
            redis.call('LTRIM', history, -listed, -1)
            cut_at = redis.call('LINDEX', history, 0)
        end
        redis.call('EXPIRE', history, keep)
        at = at + offsets
    end
    redis.call('SET', last, newest .. cut_at, 'EX', keep)
end
return false
"""

# KEYS: the mark, the channel's state.
_READ = """
local mark = redis.call('HMGET', KEYS[1], 'next', 'valid_from')
if not mark[1] or mark[1] < mark[2] then return false end
return {mark[1], redis.call('HGETALL', KEYS[2])}
"""

# KEYS: the mark, the channel's last and history.
_INDEX = """
local mark = redis.call('HMGET', KEYS[1], 'next', 'valid_from', 'history_from')
if not mark[1] or mark[1] < mark[2] then return false end
return {mark[1], mark[3] or '', redis.call('GET', KEYS[2]) or '', redis.call('LRANGE', KEYS[3], 0, -1)}
"""


class RedisSnapshotWriter:
    """A `SnapshotWriter` over a blocking Redis client."""

    def __init__(self, client: SyncRedis, keep_seconds: int, history_offsets: int = HISTORY_OFFSETS) -> None:
        """`keep_seconds`: how long a channel's snapshot outlives its last record."""
        self._client = client
        self._keep_seconds = keep_seconds
        self._history_offsets = history_offsets
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
        arguments += (str(self._keep_seconds), str(self._history_offsets))
        for change in changes:
            keys += (live_state(tag, change.channel), live_last(tag, change.channel), live_history(tag, change.channel))
            arguments += self._change_arguments(change)
        with outages_translated():
            refused = self._write(keys=keys, args=arguments)
        if refused is not None:
            raise MarkMovedError(f"expected the mark of {tag} at {expected}, found {refused.decode() or 'none'}")

    def _change_arguments(self, change: ChannelChange) -> list[str | bytes]:
        offsets = change.offsets[-self._history_offsets :] if self._history_offsets else []
        cut = 0 < len(offsets) < len(change.offsets)
        arguments: list[str | bytes] = [
            _number(change.last),
            str(len(change.items)),
            str(len(offsets)),
            "1" if cut else "",
        ]
        for item in change.items:
            arguments += (f"{item.kind}{_ENTITY_SEPARATOR}{item.entity}", _pack(item))
        arguments += map(str, offsets)
        return arguments


class RedisSnapshotReader:
    """A `SnapshotReader` over a Redis client of the event loop."""

    def __init__(self, client: AsyncRedis) -> None:
        self._read = client.register_script(_READ)
        self._index = client.register_script(_INDEX)

    async def read(self, tag: PartitionTag, channel: str) -> Snapshot | None:
        """See SnapshotReader."""
        with outages_translated():
            found: Any = await self._read(keys=[live_mark(tag), live_state(tag, channel)])
        if found is None:
            return None
        next_offset, state = found
        fields = state.items() if isinstance(state, dict) else zip(state[::2], state[1::2], strict=True)
        return Snapshot(next_offset=int(next_offset), items=[_unpack(field, value) for field, value in fields])

    async def index(self, tag: PartitionTag, channel: str) -> ChannelIndex | None:
        """See SnapshotReader."""
        with outages_translated():
            found: Any = await self._index(keys=[live_mark(tag), live_last(tag, channel), live_history(tag, channel)])
        if found is None:
            return None
        next_offset, known_from, last, offsets = found
        return channel_index(
            int(next_offset),
            _number_or_none(known_from),
            _number_or_none(last[:_NUMBER]),
            _number_or_none(last[_NUMBER:]),
            [int(each) for each in offsets],
        )


def _number(value: int) -> str:
    return f"{value:0{_NUMBER}d}"


def _number_or_none(text: bytes) -> int | None:
    return int(text) if text else None


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
    arguments += ("history_from", "" if mark.history_from is None else _number(mark.history_from))
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
    return LiveMark(
        next_offset=int(stored[b"next"]),
        valid_from=int(stored[b"valid_from"]),
        latest_from=_number_or_none(stored.get(b"latest_from", b"")),
        history_from=_number_or_none(stored.get(b"history_from", b"")),
        sources=sources,
    )
