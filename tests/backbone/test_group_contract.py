"""What a group consumer promises its handler, on the broker and in memory."""

import itertools
from collections.abc import Sequence

import pytest

from backbone.errors import KafkaUnavailable, LostPartition, PartitionBlocked
from backbone.record import InRecord, OutRecord
from tests.backbone.kafka_kinds import KafkaKind
from tests.backbone.recording_handler import RecordingHandler


def publish(kafka: KafkaKind, topic: str, values: Sequence[str], partition: int = 0) -> list[bytes]:
    written = [value.encode() for value in values]
    kafka.batch_publisher().publish([OutRecord(topic, b"key", value, partition=partition) for value in written])
    return written


def numbered(count: int, start: int = 0) -> list[str]:
    return [str(number) for number in range(start, start + count)]


def test_every_record_is_handled_once_and_in_order_of_its_partition(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, 3)
    sent = {partition: publish(kafka, unique, numbered(120, partition * 1000), partition) for partition in range(3)}
    handler = RecordingHandler()
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.handled) >= 360)
        late = publish(kafka, unique, ["late"], 1)
        work_until(lambda: len(handler.handled) >= 361)
    assert {partition: handler.values(partition) for partition in range(3)} == {**sent, 1: sent[1] + late}


def test_no_batch_is_larger_than_its_bound(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    publish(kafka, unique, numbered(180))
    handler = RecordingHandler()
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.handled) >= 180)
    assert max(handler.batches) <= 50


def test_the_next_member_begins_after_what_is_done(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    publish(kafka, unique, numbered(10))
    first, second = RecordingHandler(), RecordingHandler()
    with kafka.member(unique, unique, first) as work_until:
        work_until(lambda: len(first.handled) >= 10)
    publish(kafka, unique, ["more"])
    with kafka.member(unique, unique, second) as work_until:
        work_until(lambda: bool(second.handled))
    assert first.assignments[0][1] is None
    assert second.assignments[0][1] == 10
    assert second.values() == [b"more"]


def test_a_member_that_leaves_releases_its_partitions_in_good_order(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, 2)
    handler = RecordingHandler()
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.assignments) == 2)
        assert not handler.releases
    assert sorted(handler.releases) == sorted((ref, False) for ref, _ in handler.assignments)


def test_the_handler_decides_where_reading_begins(kafka: KafkaKind, unique: str) -> None:
    """State in Redis says where it is valid to; the group's commit may be behind or ahead of that."""
    kafka.create_topic(unique)
    sent = publish(kafka, unique, numbered(10))
    first = RecordingHandler()
    with kafka.member(unique, unique, first) as work_until:
        work_until(lambda: len(first.handled) >= 10)
    second = RecordingHandler(start=lambda partition, committed: 4)
    with kafka.member(unique, unique, second) as work_until:
        work_until(lambda: len(second.handled) >= 6)
    assert second.values() == sent[4:]


@pytest.mark.parametrize("start", [2, 1000])
def test_an_offset_that_is_not_there_means_the_earliest_there_is(kafka: KafkaKind, unique: str, start: int) -> None:
    kafka.create_topic(unique)
    sent = publish(kafka, unique, numbered(10))
    kafka.delete_records(unique, 0, before=5)
    handler = RecordingHandler(start=lambda partition, committed: start)
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.handled) >= 5)
    assert handler.values() == sent[5:]


def test_an_outage_skips_nothing_and_keeps_the_order(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, 2)
    sent = {partition: publish(kafka, unique, numbered(100, partition * 1000), partition) for partition in range(2)}
    calls = itertools.count()

    def fails_twice_of_three(records: Sequence[InRecord]) -> None:
        if next(calls) % 3 != 2:
            raise KafkaUnavailable("away")

    handler = RecordingHandler(fails_twice_of_three)
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.handled) >= 200)
    assert {partition: handler.values(partition) for partition in range(2)} == sent


def test_a_state_that_cannot_be_loaded_yet_is_loaded_later(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    sent = publish(kafka, unique, numbered(3))
    calls = itertools.count()

    def fails_twice(partition: object, committed: object) -> None:
        if next(calls) < 2:
            raise KafkaUnavailable("away")

    handler = RecordingHandler(start=fails_twice)
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.handled) >= 3)
    assert handler.values() == sent
    assert len(handler.assignments) == 1
    assert len(handler.releases) == 1, "what was never loaded is never released"


def test_a_lost_partition_is_dropped_and_loaded_again_and_others_go_on(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, 2)
    sent = {partition: publish(kafka, unique, numbered(10, partition * 1000), partition) for partition in range(2)}
    lost = itertools.count()

    def lose_partition_1_once(records: Sequence[InRecord]) -> None:
        if any(each.partition == 1 for each in records) and next(lost) == 0:
            raise LostPartition(next(ref for ref in handler.refs() if ref.partition == 1))

    handler = RecordingHandler(
        lose_partition_1_once, start=lambda partition, committed: 6 if len(handler.releases) else None
    )
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.handled) >= 14)
        assert [(ref.partition, was_lost) for ref, was_lost in handler.releases] == [(1, True)]
    assert handler.values(0) == sent[0]
    assert handler.values(1) == sent[1][6:], "the handler's new mark says where to begin"


def test_a_partition_that_is_lost_at_the_end_of_an_outage_is_read_on(kafka: KafkaKind, unique: str) -> None:
    """It was paused for the outage; begun again, it is not. So it is when a store answers late what was given up."""
    kafka.create_topic(unique)
    sent = publish(kafka, unique, ["0"])
    troubles = itertools.count()

    def trouble(records: Sequence[InRecord]) -> None:
        number = next(troubles)
        if number == 0:
            raise KafkaUnavailable("the store is away")
        if number == 1:
            raise LostPartition(handler.refs()[0])

    handler = RecordingHandler(before=trouble)
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.handled) >= 1)
        sent += publish(kafka, unique, ["1"])
        work_until(lambda: len(handler.handled) >= 2)
    assert handler.values() == sent


def test_a_blocked_partition_does_not_block_another(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, 2)
    blocked = [True]
    sent = {partition: publish(kafka, unique, numbered(60, partition * 1000), partition) for partition in range(2)}

    def block_partition_0(records: Sequence[InRecord]) -> None:
        if blocked[0] and any(each.partition == 0 for each in records):
            raise PartitionBlocked(next(ref for ref, _ in handler.assignments if ref.partition == 0), "test")

    handler = RecordingHandler(block_partition_0)
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.values(1)) >= 60)
        more = publish(kafka, unique, numbered(60, 2000), 1)
        work_until(lambda: len(handler.values(1)) >= 120)
        assert handler.values(0) == []
        blocked[0] = False
        work_until(lambda: len(handler.values(0)) >= 60)
    assert {partition: handler.values(partition) for partition in range(2)} == {0: sent[0], 1: sent[1] + more}


def test_an_unknown_error_ends_the_member_and_nothing_undone_is_committed(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    publish(kafka, unique, ["good"])

    def refuse_poison(records: Sequence[InRecord]) -> None:
        if any(each.value == b"poison" for each in records):
            raise ZeroDivisionError

    handler = RecordingHandler(refuse_poison)
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.handled) >= 1)
        publish(kafka, unique, ["poison"])
        with pytest.raises(ZeroDivisionError):
            work_until(lambda: False)
    after = RecordingHandler()
    with kafka.member(unique, unique, after) as work_until:
        work_until(lambda: bool(after.handled))
    assert after.values() == [b"poison"]


def test_a_topic_made_again_is_loaded_anew_and_read_from_its_beginning(kafka: KafkaKind, unique: str) -> None:
    """Also when the new topic has more records already than were read of the old one."""
    kafka.create_topic(unique)
    publish(kafka, unique, numbered(5))
    handler = RecordingHandler()
    with kafka.member(unique, unique, handler) as work_until:
        work_until(lambda: len(handler.handled) >= 5)
        kafka.delete_topic(unique)
        kafka.create_topic(unique)
        again = publish(kafka, unique, numbered(20, 100))
        work_until(lambda: set(again) <= set(handler.values()))
        old, new = handler.assignments[0][0], handler.assignments[-1][0]
        assert old.topic_id != new.topic_id
        assert handler.assignments[-1][1] is None, "what was committed belongs to the old topic"
    since = max(number for number, each in enumerate(handler.handled) if each.offset == 0)
    assert handler.values()[since:] == again
