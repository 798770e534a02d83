"""What the recorder makes of the records of one live partition."""

from domain.source_position import SourcePosition
from push_service.recorder.live_partition import LivePartition
from storage.redis.keys import PartitionTag
from storage.snapshots import LiveMark
from tests.recorder.records import live_record, live_update

TAG = PartitionTag("live-1", 0)


def source(offset: int, index: int = 0) -> SourcePosition:
    return SourcePosition("fleet.positions.v1", "positions-1", 0, offset, index)


def test_of_an_entity_only_the_highest_version_is_recorded() -> None:
    partition = LivePartition(TAG, LiveMark(0))
    for offset, version in enumerate((1, 3, 2)):
        partition.take(live_record(offset), live_update(version, source=source(offset)))
    mark, changes = partition.take_changes()
    assert mark.next_offset == 3
    assert {change.channel: [item.version for item in change.items] for change in changes} == {
        "fleet:acme": [3],
        "asset:acme/a": [3],
    }


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
    mark, _ = first.take_changes()
    second = LivePartition(TAG, mark)
    assert not second.take(live_record(1), live_update(1, source=source(5)))


def test_it_starts_where_the_latest_topic_lacks_something_and_records_nothing_twice() -> None:
    first = LivePartition(TAG, LiveMark(0))
    for offset in range(3):
        first.take(live_record(offset), live_update(offset, source=source(offset)))
    mark, _ = first.take_changes()
    second = LivePartition(TAG, mark)
    assert (second.start, second.written_next) == (0, 3)
    for offset in range(3):
        second.take(live_record(offset), live_update(offset, source=source(offset)))
    again, changes = second.take_changes()
    assert (again.next_offset, again.latest_from, list(changes)) == (3, 0, [])
    assert len(second.latest.take_all()) == 2


def test_what_a_client_published_moves_the_channel_but_makes_no_state() -> None:
    partition = LivePartition(TAG, LiveMark(0))
    update = live_update(1)
    published = type(update)(**{name: getattr(update, name) for name in update.__struct_fields__} | {"source": None})
    partition.take(live_record(8), published)
    _, changes = partition.take_changes()
    assert {(change.channel, change.last, len(change.items)) for change in changes} == {
        ("fleet:acme", 8, 0),
        ("asset:acme/a", 8, 0),
    }
