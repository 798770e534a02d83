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
from storage.snapshots import (
    ChannelChange,
    ChannelIndex,
    LiveMark,
    MarkMovedError,
    SnapshotItem,
    SnapshotReader,
    SnapshotWriter,
)

TAG = PartitionTag("topic-1", 3)
CHANNEL = "fleet:acme"
LISTED = 8


class Snapshots(NamedTuple):
    """Both sides of one store."""

    writer: SnapshotWriter
    reader: SnapshotReader


@pytest.fixture(params=["memory", "single", "clustered"])
async def snapshots(request: pytest.FixtureRequest) -> AsyncIterator[Snapshots]:
    if request.param == "memory":
        twin = MemorySnapshots(LISTED)
        yield Snapshots(twin, twin)
        return
    settings: RedisSettings = request.getfixturevalue(request.param)
    blocking, on_loop = connect_sync(settings), connect_async(settings)
    yield Snapshots(
        RedisSnapshotWriter(blocking, keep_seconds=60, history_offsets=LISTED), RedisSnapshotReader(on_loop)
    )
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
    assert (found.next_offset, found.items) == (5, [])
    assert await snapshots.reader.index(TAG, CHANNEL) == ChannelIndex(5, None, None, None)


async def test_state_and_mark_are_read_as_they_were_written(snapshots: Snapshots) -> None:
    written = item(1_770_000_000_000_000, offset=6, payload='{"name":"Zoë"}'.encode())
    mark = LiveMark(7, latest_from=4, history_from=2, sources={("pings-1", 2): (99, 1)})
    snapshots.writer.write(TAG, None, mark, [change(written, last=6)])
    found = await snapshots.reader.read(TAG, CHANNEL)
    assert found is not None
    assert (found.next_offset, found.items) == (7, [written])
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
    found = await snapshots.reader.index(TAG, CHANNEL)
    assert found is not None
    assert found.last == 19


def listing(*offsets: int) -> ChannelChange:
    return ChannelChange(CHANNEL, offsets[-1], [], list(offsets))


async def test_without_a_mark_there_is_no_index(snapshots: Snapshots) -> None:
    assert await snapshots.reader.index(TAG, CHANNEL) is None
    snapshots.writer.write(TAG, None, LiveMark(5, valid_from=8), [])
    assert await snapshots.reader.index(TAG, CHANNEL) is None


async def test_the_index_lists_a_channels_records_since_the_recorder_began(snapshots: Snapshots) -> None:
    snapshots.writer.write(TAG, None, LiveMark(5, history_from=5), [])
    assert await snapshots.reader.index(TAG, CHANNEL) == ChannelIndex(5, 5, None, 5)
    snapshots.writer.write(TAG, 5, LiveMark(9, history_from=5), [listing(6, 8)])
    snapshots.writer.write(TAG, 9, LiveMark(12, history_from=5), [listing(10)])
    assert await snapshots.reader.index(TAG, CHANNEL) == ChannelIndex(12, 5, 10, 5, (6, 8, 10))


async def test_what_a_rebuild_found_is_no_claim_about_the_time_before(snapshots: Snapshots) -> None:
    """It knows the latest of each entity; not what else there was."""
    snapshots.writer.write(TAG, None, LiveMark(40, history_from=40), [change(item(1), last=30)])
    assert await snapshots.reader.index(TAG, CHANNEL) == ChannelIndex(40, 40, 30, 40)
    snapshots.writer.write(TAG, 40, LiveMark(50, history_from=40), [listing(45)])
    assert await snapshots.reader.index(TAG, CHANNEL) == ChannelIndex(50, 40, 45, 40, (45,))


async def test_a_list_is_bounded_and_says_from_where_it_is_whole(snapshots: Snapshots) -> None:
    snapshots.writer.write(TAG, None, LiveMark(0, history_from=0), [])
    for offset in range(40):
        snapshots.writer.write(TAG, offset, LiveMark(offset + 1, history_from=0), [listing(offset)])
        found = await snapshots.reader.index(TAG, CHANNEL)
        assert found is not None
        assert found.listed_from is not None
        assert found.offsets == tuple(range(found.listed_from, offset + 1))
        assert min(offset + 1, LISTED) <= len(found.offsets) <= LISTED * 3 // 2


async def test_of_a_batch_larger_than_the_list_the_last_are_listed(snapshots: Snapshots) -> None:
    snapshots.writer.write(TAG, None, LiveMark(3, history_from=0), [listing(1, 2)])
    snapshots.writer.write(TAG, 3, LiveMark(30, history_from=0), [listing(*range(3, 30))])
    found = await snapshots.reader.index(TAG, CHANNEL)
    assert found == ChannelIndex(30, 0, 29, 30 - LISTED, tuple(range(30 - LISTED, 30)))


async def test_a_kind_without_lists_has_its_last_offset_only(snapshots: Snapshots) -> None:
    snapshots.writer.write(TAG, None, LiveMark(9, history_from=0), [change(last=7)])
    assert await snapshots.reader.index(TAG, CHANNEL) == ChannelIndex(9, 0, 7, None)


async def test_a_list_that_begins_late_claims_nothing_of_the_time_before(snapshots: Snapshots) -> None:
    """A kind that was without lists gets them: the records before are in none."""
    snapshots.writer.write(TAG, None, LiveMark(9, history_from=0), [change(last=7)])
    snapshots.writer.write(TAG, 9, LiveMark(20, history_from=0), [listing(15)])
    assert await snapshots.reader.index(TAG, CHANNEL) == ChannelIndex(20, 0, 15, 15, (15,))


async def test_lists_that_were_off_for_a_while_begin_anew(snapshots: Snapshots) -> None:
    snapshots.writer.write(TAG, None, LiveMark(5, history_from=0), [listing(3)])
    snapshots.writer.write(TAG, 5, LiveMark(10), [change(last=9)])
    assert await snapshots.reader.index(TAG, CHANNEL) == ChannelIndex(10, None, 9, None)
    snapshots.writer.write(TAG, 10, LiveMark(15, history_from=10), [listing(12)])
    assert await snapshots.reader.index(TAG, CHANNEL) == ChannelIndex(15, 10, 12, 10, (12,))


async def test_a_dead_redis_is_an_outage(unused_tcp_port: int) -> None:
    settings = RedisSettings(url=SecretStr(f"redis://127.0.0.1:{unused_tcp_port}"), timeout=1)
    blocking, on_loop = connect_sync(settings), connect_async(settings)
    with pytest.raises(OutageError):
        RedisSnapshotWriter(blocking, keep_seconds=60).mark(TAG)
    with pytest.raises(OutageError):
        await RedisSnapshotReader(on_loop).read(TAG, CHANNEL)
    blocking.close()
    await on_loop.aclose()
