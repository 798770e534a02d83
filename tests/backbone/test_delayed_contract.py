"""What a group consumer promises where records wait for their time, on the broker and in memory."""

import dataclasses
import itertools
import time
from collections.abc import Sequence

from backbone.errors import KafkaUnavailable
from backbone.group_options import GroupOptions, now_micros
from backbone.headers import due_at_header, due_at_of
from backbone.record import InRecord, OutRecord
from domain.instants import HOUR, MINUTE, SECOND, Micros
from tests.backbone.kafka_kinds import QUICK, KafkaKind
from tests.backbone.recording_handler import RecordingHandler


class Clock:
    """The machine's, and what the test has added."""

    def __init__(self) -> None:
        self.ahead: Micros = 0

    def __call__(self) -> Micros:
        return now_micros() + self.ahead


def delayed(clock: Clock) -> GroupOptions:
    return dataclasses.replace(QUICK, due_at=due_at_of, clock=clock, ahead_records=20)


def publish(
    kafka: KafkaKind, topic: str, values: Sequence[str], due_at: Micros | None, partition: int = 0
) -> list[bytes]:
    headers = [] if due_at is None else [due_at_header(due_at)]
    written = [value.encode() for value in values]
    kafka.batch_publisher().publish(
        [OutRecord(topic, b"key", value, headers, partition=partition) for value in written]
    )
    return written


def numbered(count: int, start: int = 0) -> list[str]:
    return [str(number) for number in range(start, start + count)]


def test_a_record_is_handed_over_when_it_is_due_and_not_before(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    due = now_micros() + SECOND
    publish(kafka, unique, ["later"], due)
    early: list[Micros] = []

    def look(records: Sequence[InRecord]) -> None:
        early.extend(now_micros() - due for _ in records)

    handler = RecordingHandler(look)
    with kafka.member(unique, unique, handler, delayed(Clock())) as work_until:
        work_until(lambda: bool(handler.handled))
    assert early[0] >= 0, "before it was due"


def test_what_is_due_keeps_its_order_and_what_is_not_holds_up_its_partition_alone(
    kafka: KafkaKind, unique: str
) -> None:
    """The second is due at once, and still comes after the first of its partition."""
    kafka.create_topic(unique, 2)
    clock = Clock()
    sent = publish(kafka, unique, ["first"], clock() + HOUR, 0) + publish(kafka, unique, ["second"], None, 0)
    others = publish(kafka, unique, numbered(120), clock() - HOUR, 1)
    handler = RecordingHandler()
    with kafka.member(unique, unique, handler, delayed(clock)) as work_until:
        work_until(lambda: len(handler.handled) >= 120)
        others += publish(kafka, unique, numbered(120, 120), None, 1)
        work_until(lambda: len(handler.handled) >= 240)
        assert handler.values(0) == []
        clock.ahead = HOUR
        work_until(lambda: len(handler.handled) >= 242)
    assert handler.values(0) == sent
    assert handler.values(1) == others


def test_more_than_is_fetched_ahead_is_handed_over_whole_and_in_order(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, 2)
    clock = Clock()
    due = clock() + HOUR
    sent = {n: publish(kafka, unique, numbered(500, n * 1000), due, n) for n in range(2)}
    handler = RecordingHandler()
    with kafka.member(unique, unique, handler, delayed(clock)) as work_until:
        work_until(lambda: handler.ticks >= 1)
        assert handler.handled == []
        clock.ahead = HOUR
        work_until(lambda: len(handler.handled) >= 1000)
    assert {n: handler.values(n) for n in range(2)} == sent
    assert max(handler.batches) <= 50


def test_what_waits_is_not_committed_and_waits_again_with_the_next_member(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    clock = Clock()
    publish(kafka, unique, numbered(3), None)
    later = publish(kafka, unique, numbered(3, 3), clock() + HOUR)
    first, second = RecordingHandler(), RecordingHandler()
    with kafka.member(unique, unique, first, delayed(clock)) as work_until:
        work_until(lambda: len(first.handled) >= 3)
    with kafka.member(unique, unique, second, delayed(clock)) as work_until:
        work_until(lambda: bool(second.assignments) and second.ticks >= 1)
        assert second.assignments[0][1] == 3
        assert not second.handled
        clock.ahead = HOUR
        work_until(lambda: len(second.handled) >= 3)
    assert second.values() == later
    assert first.releases[0][1] is False


def test_an_outage_of_what_is_due_loses_and_reorders_nothing(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    clock = Clock()
    start = clock()
    sent = [publish(kafka, unique, numbered(30, n * 30), start + n * MINUTE) for n in range(4)]
    calls = itertools.count()

    def fails_twice_of_three(records: Sequence[InRecord]) -> None:
        if next(calls) % 3 != 2:
            raise KafkaUnavailable("away")

    handler = RecordingHandler(fails_twice_of_three)
    with kafka.member(unique, unique, handler, delayed(clock)) as work_until:
        for passed in range(1, 5):
            work_until(lambda: len(handler.handled) >= 30 * passed)  # noqa: B023 called at once
            clock.ahead += MINUTE
    assert handler.values() == [value for each in sent for value in each]


def test_a_nonsensical_date_does_not_hold_up_its_partition_for_good(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    clock = Clock()
    sent = publish(kafka, unique, ["year 10,000"], 253_402_300_800 * SECOND)
    handler = RecordingHandler()
    with kafka.member(unique, unique, handler, delayed(clock)) as work_until:
        work_until(lambda: handler.ticks >= 1)
        assert not handler.handled
        clock.ahead = 25 * HOUR
        work_until(lambda: bool(handler.handled))
    assert handler.values() == sent


def test_a_record_that_waits_costs_no_busy_loop(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    publish(kafka, unique, ["later"], now_micros() + HOUR)
    looks = itertools.count()

    def counted(record: InRecord) -> Micros | None:
        next(looks)
        return due_at_of(record)

    handler = RecordingHandler()
    options = dataclasses.replace(QUICK, due_at=counted)
    with kafka.member(unique, unique, handler, options) as work_until:
        work_until(lambda: bool(handler.assignments))
        before, until = next(looks), time.monotonic() + 1.0
        work_until(lambda: time.monotonic() > until)
        assert next(looks) - before < 600, "a look each turn, and a turn waits for something to do"
