"""Records that wait, and members that come, go and are taken their partitions meanwhile: on the broker."""

import dataclasses
import time

from backbone.group_options import now_micros
from backbone.headers import due_at_header, due_at_of
from backbone.record import OutRecord
from domain.instants import HOUR, SECOND, Micros
from tests.backbone.kafka_kinds import QUICK, RealKafka, in_thread, wait_until
from tests.backbone.recording_handler import RecordingHandler

PARTITIONS = 4


def publish(kafka: RealKafka, topic: str, count: int, due_at: Micros) -> set[tuple[int, int]]:
    """Spread over the partitions; returns where they are."""
    headers = [due_at_header(due_at)]
    sent = [OutRecord(topic, b"key", b"v", headers, partition=number % PARTITIONS) for number in range(count)]
    return {(ack.partition, ack.offset) for ack in kafka.batch_publisher().publish(sent)}


def places(*handlers: RecordingHandler) -> list[tuple[int, int]]:
    return [(each.partition, each.offset) for handler in handlers for each in handler.handled]


def test_what_waits_goes_with_its_partition_to_whoever_has_it(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique, PARTITIONS)
    ahead = [0]
    options = dataclasses.replace(QUICK, due_at=due_at_of, clock=lambda: now_micros() + ahead[0], ahead_records=10)
    sent = publish(real_kafka, unique, 200, now_micros() + HOUR)
    first, second = RecordingHandler(), RecordingHandler()
    with real_kafka.member(unique, unique, first, options) as until:
        until(lambda: len(first.assignments) == PARTITIONS and first.ticks >= 1)
        with real_kafka.member(unique, unique, second, options):
            until(lambda: len(second.refs()) == 2 and len(first.refs()) == 2)
            theirs = {ref.partition for ref in second.refs()}
            ahead[0] = HOUR
            until(lambda: len(first.handled) + len(second.handled) >= 200)
    assert sorted(places(first, second)) == sorted(sent), "each exactly once"
    assert {each.partition for each in second.handled} == theirs


def test_a_member_that_only_waits_stays_in_its_group(real_kafka: RealKafka, unique: str) -> None:
    """It waits for longer than a batch may take: the polling goes on, so nobody takes it for dead."""
    real_kafka.create_topic(unique, PARTITIONS)
    options = dataclasses.replace(QUICK, due_at=due_at_of, session=1.5, longest_batch=1.5, ahead_records=10)
    sent = publish(real_kafka, unique, 200, now_micros() + 5 * SECOND)
    handler = RecordingHandler()
    with real_kafka.member(unique, unique, handler, options) as until:
        until(lambda: len(handler.handled) >= 200)
    assert sorted(places(handler)) == sorted(sent)
    assert len(handler.assignments) == PARTITIONS
    assert not [ref for ref, lost in handler.releases if lost]


def test_a_member_that_waits_stops_at_once(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique, PARTITIONS)
    options = dataclasses.replace(QUICK, due_at=due_at_of)
    publish(real_kafka, unique, 40, now_micros() + HOUR)
    handler = RecordingHandler()
    with in_thread(real_kafka.consumer(unique, unique, handler, options).run) as failed:
        wait_until(lambda: handler.ticks >= 1 and len(handler.assignments) == PARTITIONS)
        began = time.monotonic()
    assert time.monotonic() - began < 5.0
    assert not failed
    assert not handler.handled
