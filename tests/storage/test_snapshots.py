"""The contract of snapshots, held by Redis and by the in-memory twin alike."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from pydantic import SecretStr

from domain.errors import OutageError
from storage.memory.snapshots import MemorySnapshots
from storage.redis.connection import connect_async, connect_sync
from storage.redis.keys import PartitionTag
from storage.redis.settings import RedisSettings
from storage.redis.snapshots import RedisSnapshotReader, RedisSnapshotWriter
from storage.snapshots import ChannelChange, LiveMark, MarkMovedError, SnapshotItem, SnapshotReader, SnapshotWriter

TAG = PartitionTag("topic-1", 3)
CHANNEL = "fleet:acme"


class Snapshots(NamedTuple):
    """Both sides of one store."""

    writer: SnapshotWriter
    reader: SnapshotReader


@pytest.fixture(params=["memory", "redis"])
async def snapshots(request: pytest.FixtureRequest) -> AsyncIterator[Snapshots]:
    if request.param == "memory":
        twin = MemorySnapshots()
        yield Snapshots(twin, twin)
        return
    settings = RedisSettings(url=SecretStr(request.getfixturevalue("redis_url")))
    blocking, on_loop = connect_sync(settings), connect_async(settings)
    yield Snapshots(RedisSnapshotWriter(blocking, keep_seconds=60), RedisSnapshotReader(on_loop))
    blocking.close()
    await on_loop.aclose()


def item(version: int, *, entity: str = "asset/truck-7", offset: int = 0, payload: bytes = b"{}") -> SnapshotItem:
    return SnapshotItem(kind="position", entity=entity, version=version, offset=offset, payload=payload)


def change(*items: SnapshotItem, channel: str = CHANNEL, last: int = 0) -> ChannelChange:
    return ChannelChange(channel=channel, last=last, items=list(items))


async def test_without_a_mark_there_is_no_snapshot_rather_than_an_empty_one(snapshots: Snapshots) -> None:
    assert snapshots.writer.mark(TAG) is None
    assert await snapshots.reader.read(TAG, CHANNEL) is None


async def test_a_channel_that_never_had_a_record_is_empty_once_there_is_a_mark(snapshots: Snapshots) -> None:
    snapshots.writer.write(TAG, None, LiveMark(5), [])
    found = await snapshots.reader.read(TAG, CHANNEL)
    assert found is not None
    assert (found.next_offset, found.last, found.items) == (5, None, [])


async def test_state_and_mark_are_read_as_they_were_written(snapshots: Snapshots) -> None:
    written = item(1_770_000_000_000_000, offset=6, payload='{"name":"Zoë"}'.encode())
    mark = LiveMark(7, latest_from=4, sources={("pings-1", 2): (99, 1)})
    snapshots.writer.write(TAG, None, mark, [change(written, last=6)])
    found = await snapshots.reader.read(TAG, CHANNEL)
    assert found is not None
    assert (found.next_offset, found.last, found.items) == (7, 6, [written])
    assert snapshots.writer.mark(TAG) == mark


@pytest.mark.parametrize("later", [3, 2, 1])
async def test_only_a_higher_version_replaces_what_is_shown(snapshots: Snapshots, later: int) -> None:
    snapshots.writer.write(TAG, None, LiveMark(1), [change(item(2, payload=b"shown"))])
    snapshots.writer.write(TAG, 1, LiveMark(2), [change(item(later, payload=b"later"))])
    found = await snapshots.reader.read(TAG, CHANNEL)
    assert found is not None
    assert [shown.payload for shown in found.items] == [b"later" if later > 2 else b"shown"]


async def test_versions_are_compared_as_numbers_of_64_bits(snapshots: Snapshots) -> None:
    near = 2**62
    snapshots.writer.write(TAG, None, LiveMark(1), [change(item(near, payload=b"older"))])
    snapshots.writer.write(TAG, 1, LiveMark(2), [change(item(near + 1, payload=b"newer"))])
    snapshots.writer.write(TAG, 2, LiveMark(3), [change(item(9, payload=b"much older"))])
    found = await snapshots.reader.read(TAG, CHANNEL)
    assert found is not None
    assert [shown.payload for shown in found.items] == [b"newer"]


async def test_a_zombie_writes_nothing_at_all(snapshots: Snapshots) -> None:
    snapshots.writer.write(TAG, None, LiveMark(10), [change(item(1))])
    with pytest.raises(MarkMovedError):
        snapshots.writer.write(TAG, 9, LiveMark(50), [change(item(99))])
    with pytest.raises(MarkMovedError):
        snapshots.writer.write(TAG, None, LiveMark(50), [change(item(99))])
    found = await snapshots.reader.read(TAG, CHANNEL)
    assert found is not None
    assert (found.next_offset, [shown.version for shown in found.items]) == (10, [1])


async def test_nothing_is_shown_while_a_rebuild_is_under_way(snapshots: Snapshots) -> None:
    snapshots.writer.write(TAG, None, LiveMark(5, valid_from=8), [change(item(1))])
    assert await snapshots.reader.read(TAG, CHANNEL) is None
    snapshots.writer.write(TAG, 5, LiveMark(8, valid_from=8), [])
    found = await snapshots.reader.read(TAG, CHANNEL)
    assert found is not None
    assert len(found.items) == 1


async def test_entities_channels_and_partitions_do_not_mix(snapshots: Snapshots) -> None:
    changes = [change(item(1, entity="asset/a"), item(1, entity="asset/b")), change(item(7), channel="asset:acme/a")]
    snapshots.writer.write(TAG, None, LiveMark(1), changes)
    snapshots.writer.write(PartitionTag("topic-1", 4), None, LiveMark(1), [])
    found = await snapshots.reader.read(TAG, CHANNEL)
    assert found is not None
    assert sorted(shown.entity for shown in found.items) == ["asset/a", "asset/b"]
    other = await snapshots.reader.read(PartitionTag("topic-1", 4), CHANNEL)
    assert other is not None
    assert other.items == []


async def test_the_last_offset_of_a_channel_only_rises(snapshots: Snapshots) -> None:
    snapshots.writer.write(TAG, None, LiveMark(20), [change(last=19)])
    snapshots.writer.write(TAG, 20, LiveMark(21), [change(last=3)])
    found = await snapshots.reader.read(TAG, CHANNEL)
    assert found is not None
    assert found.last == 19


async def test_a_dead_redis_is_an_outage(unused_tcp_port: int) -> None:
    settings = RedisSettings(url=SecretStr(f"redis://127.0.0.1:{unused_tcp_port}"), timeout=1)
    blocking, on_loop = connect_sync(settings), connect_async(settings)
    with pytest.raises(OutageError):
        RedisSnapshotWriter(blocking, keep_seconds=60).mark(TAG)
    with pytest.raises(OutageError):
        await RedisSnapshotReader(on_loop).read(TAG, CHANNEL)
    blocking.close()
    await on_loop.aclose()
