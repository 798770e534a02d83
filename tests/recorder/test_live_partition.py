"""What the recorder makes of the records of one live partition."""

import pytest

from domain.errors import OutageError
from domain.live_update import JOIN, LEAVE
from domain.source_position import SourcePosition
from push_service.recorder.live_partition import LivePartition
from storage.memory.snapshots import MemorySnapshots
from storage.redis.keys import PartitionTag
from storage.snapshots import ChannelIndex, LiveMark
from tests.recorder.records import live_record, live_update

TAG = PartitionTag("live-1", 0)


class Stored:
    """What one partition has stored."""

    def __init__(self, partition: LivePartition, *, expected: int | None = 0) -> None:
        self.snapshots = MemorySnapshots()
        if expected is not None:
            self.snapshots.write(TAG, None, LiveMark(expected), [])
        partition.store(self.snapshots)
        mark = self.snapshots.mark(TAG)
        assert mark is not None
        self.mark = mark

    async def channel(self, name: str) -> tuple[int | None, list[int]]:
        """The channel's last offset, and the versions of its items."""
        found, index = await self.snapshots.read(TAG, name), await self.snapshots.index(TAG, name)
        assert found is not None
        assert index is not None
        return index.last, [item.version for item in found.items]


def source(offset: int, index: int = 0) -> SourcePosition:
    return SourcePosition("fleet.positions.v1", "positions-1", 0, offset, index)


async def test_of_an_entity_only_the_highest_version_is_recorded() -> None:
    partition = LivePartition(TAG, LiveMark(0))
    for offset, version in enumerate((1, 3, 2)):
        partition.take(live_record(offset), live_update(version, source=source(offset)))
    stored = Stored(partition)
    assert stored.mark.next_offset == 3
    assert await stored.channel("fleet:acme") == await stored.channel("asset:acme/a") == (2, [3])


def test_a_processors_replay_changes_nothing() -> None:
    partition = LivePartition(TAG, LiveMark(0))
    assert partition.take(live_record(0), live_update(1, source=source(5, 0)))
    assert partition.take(live_record(1), live_update(1, source=source(5, 1)))
    assert not partition.take(live_record(2), live_update(1, source=source(5, 0)))
    assert not partition.take(live_record(3), live_update(1, source=source(4, 9)))
    assert partition.take(live_record(4), live_update(2, source=source(6, 0)))


def test_sources_are_compared_only_within_their_topic_id_and_partition() -> None:
    partition = LivePartition(TAG, LiveMark(0))
    partition.take(live_record(0), live_update(1, source=source(50)))
    remade = SourcePosition("fleet.positions.v1", "positions-2", 0, 1, 0)
    assert partition.take(live_record(1), live_update(2, source=remade))
    neighbour = SourcePosition("fleet.positions.v1", "positions-1", 1, 1, 0)
    assert partition.take(live_record(2), live_update(3, source=neighbour))


def test_the_marks_of_sources_outlive_the_process() -> None:
    first = LivePartition(TAG, LiveMark(0))
    first.take(live_record(0), live_update(1, source=source(5)))
    second = LivePartition(TAG, Stored(first).mark)
    assert not second.take(live_record(1), live_update(1, source=source(5)))


async def test_it_starts_where_the_latest_topic_lacks_something_and_records_nothing_twice() -> None:
    first = LivePartition(TAG, LiveMark(0))
    for offset in range(3):
        first.take(live_record(offset), live_update(offset, source=source(offset)))
    second = LivePartition(TAG, Stored(first).mark)
    assert second.start == 0
    for offset in range(3):
        second.take(live_record(offset), live_update(offset, source=source(offset)))
    again = Stored(second, expected=3)
    assert (again.mark.next_offset, again.mark.latest_from) == (3, 0)
    assert await again.channel("fleet:acme") == (None, [])
    assert len(second.latest.due(whole=True)) == 2


async def test_what_a_client_published_moves_the_channel_but_makes_no_state() -> None:
    partition = LivePartition(TAG, LiveMark(0))
    update = live_update(1)
    published = type(update)(**{name: getattr(update, name) for name in update.__struct_fields__} | {"source": None})
    partition.take(live_record(8), published)
    stored = Stored(partition)
    assert await stored.channel("fleet:acme") == await stored.channel("asset:acme/a") == (8, [])


async def test_joins_and_leaves_move_the_mark_and_nothing_else() -> None:
    """Else a channel's list of offsets would be full of what is no part of its history."""
    partition = LivePartition(TAG, LiveMark(0))
    update = live_update(1)
    fields = {name: getattr(update, name) for name in update.__struct_fields__}
    for offset, kind in enumerate((JOIN, LEAVE)):
        assert partition.take(live_record(offset), type(update)(**fields | {"source": None, "kind": kind}))
    stored = Stored(partition)
    assert stored.mark.next_offset == 2
    assert await stored.channel("fleet:acme") == (None, [])


async def test_what_redis_did_not_take_is_written_with_the_next_batch() -> None:
    class Away(MemorySnapshots):
        def write(self, *_: object) -> None:
            raise OutageError("away")

    partition = LivePartition(TAG, LiveMark(0))
    partition.take(live_record(0), live_update(1, source=source(0)))
    with pytest.raises(OutageError):
        partition.store(Away())
    partition.take(live_record(0), live_update(1, source=source(0)))  # the same batch again
    stored = Stored(partition)
    assert await stored.channel("fleet:acme") == (0, [1])


async def test_offsets_are_listed_for_assets_and_not_for_fleets_and_never_of_repeats() -> None:
    partition = LivePartition(TAG, LiveMark(0))
    for offset, rank in enumerate((5, 6, 5, 6, 7)):
        partition.take(live_record(offset), live_update(rank, source=source(rank)))
    stored = Stored(partition)
    assert await stored.snapshots.index(TAG, "asset:acme/a") == ChannelIndex(5, 0, 4, 0, (0, 1, 4))
    assert await stored.snapshots.index(TAG, "fleet:acme") == ChannelIndex(5, 0, 4, None)


async def test_an_older_layout_has_no_lists_until_it_is_recorded_on() -> None:
    partition = LivePartition(TAG, LiveMark(7))
    partition.take(live_record(9), live_update(1, source=source(1)))
    stored = Stored(partition, expected=7)
    assert await stored.snapshots.index(TAG, "asset:acme/a") == ChannelIndex(10, 7, 9, 7, (9,))


async def test_lists_can_be_turned_off() -> None:
    partition = LivePartition(TAG, LiveMark(0, history_from=0), listed=False)
    partition.take(live_record(0), live_update(1, source=source(1)))
    stored = Stored(partition)
    assert await stored.snapshots.index(TAG, "asset:acme/a") == ChannelIndex(1, None, 0, None)
