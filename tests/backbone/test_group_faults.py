"""Group consumers in trouble: members that come, go, die and are thought dead; a broker that is away."""

import dataclasses
import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from backbone.errors import KafkaUnavailable
from backbone.record import InRecord, OutRecord
from tests.backbone.broken_kafka import own_broker
from tests.backbone.kafka_kinds import QUICK, RealKafka, in_thread, wait_until
from tests.backbone.recording_handler import RecordingHandler

PROJECT = Path(__file__).resolve().parents[2]
PARTITIONS = 4


def publish(kafka: RealKafka, topic: str, count: int, start: int = 0) -> set[tuple[int, int]]:
    """Spread over the partitions; returns where they are."""
    sent = [
        OutRecord(topic, b"key", f"{number}".encode(), partition=number % PARTITIONS)
        for number in range(start, start + count)
    ]
    return {(ack.partition, ack.offset) for ack in kafka.batch_publisher().publish(sent)}


def places(*handlers: RecordingHandler) -> list[tuple[int, int]]:
    return [(each.partition, each.offset) for handler in handlers for each in handler.handled]


def in_order(handler: RecordingHandler) -> bool:
    return all(
        offsets == sorted(offsets)
        for offsets in ([each.offset for each in handler.handled if each.partition == n] for n in range(PARTITIONS))
    )


def test_members_that_come_and_go_in_good_order_repeat_and_miss_nothing(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique, PARTITIONS)
    first, second = RecordingHandler(), RecordingHandler()
    sent = publish(real_kafka, unique, 400)
    with real_kafka.member(unique, unique, first) as until:
        until(lambda: len(first.handled) >= 100)
        with real_kafka.member(unique, unique, second):
            until(lambda: len(second.refs()) == 2 and len(first.refs()) == 2)
            sent |= publish(real_kafka, unique, 400, 400)
            until(lambda: len(first.handled) + len(second.handled) >= 800)
        until(lambda: len(first.refs()) == PARTITIONS)
        sent |= publish(real_kafka, unique, 400, 800)
        until(lambda: len(first.handled) + len(second.handled) >= 1200)
    assert sorted(places(first, second)) == sorted(sent), "each exactly once"
    assert second.handled
    assert in_order(first)
    assert in_order(second)
    assert not [ref for ref, lost in first.releases + second.releases if lost]


def test_what_a_killed_member_had_begun_is_done_by_the_next(
    real_kafka: RealKafka, kafka_bootstrap: str, unique: str
) -> None:
    real_kafka.create_topic(unique, PARTITIONS)
    done = publish(real_kafka, unique, 40)
    program = [sys.executable, "-m", "tests.backbone.member_that_dies", kafka_bootstrap, unique, unique]
    with subprocess.Popen(program, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline().startswith("handling")
        wait_until(lambda: _committed(real_kafka, unique, unique) >= 40)
        stuck = {
            (ack.partition, ack.offset)
            for ack in real_kafka.batch_publisher().publish([OutRecord(unique, b"k", b"stick", partition=1)])
        }
        while dying.stdout.readline().strip() != "stuck":
            pass
        dying.kill()
    after = RecordingHandler()
    with real_kafka.member(unique, unique, after) as until:
        until(lambda: len(after.handled) >= 1)  # after the dead member's session has ended
    assert set(places(after)) == stuck
    assert not done & set(places(after)), "what was committed is not repeated"


def test_a_member_that_took_too_long_drops_its_work_and_comes_back(real_kafka: RealKafka, unique: str) -> None:
    """It was thought dead: another did its records. It writes no commit over the other's, and joins again."""
    real_kafka.create_topic(unique, PARTITIONS)
    sent = publish(real_kafka, unique, 40)
    released = threading.Event()
    first_time = itertools.count()

    def dawdle(records: Sequence[InRecord]) -> None:
        if next(first_time) == 0:
            assert released.wait(30.0)

    slow, quick = RecordingHandler(dawdle), RecordingHandler()
    impatient = dataclasses.replace(QUICK, session=1.5, longest_batch=1.5)
    with in_thread(real_kafka.consumer(unique, unique, slow, impatient).run) as failed:
        wait_until(lambda: len(slow.assignments) == PARTITIONS)
        with real_kafka.member(unique, unique, quick) as until:
            until(lambda: len(quick.handled) >= 40)
            assert sent == set(places(quick))
            released.set()
            until(lambda: any(lost for _, lost in slow.releases))
            more = publish(real_kafka, unique, 40, 40)
            until(lambda: more <= set(places(slow, quick)))
            until(lambda: len(slow.refs()) + len(quick.refs()) == PARTITIONS and bool(slow.refs()))
        assert not failed
    assert _committed(real_kafka, unique, unique) == 80


def test_what_was_put_off_and_then_taken_away_is_left_to_the_new_owner(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique, PARTITIONS)
    away = [True]

    def outage(records: Sequence[InRecord]) -> None:
        if away[0]:
            raise KafkaUnavailable("Redis is away, for this member only")

    ill, well = RecordingHandler(outage), RecordingHandler()
    sent = publish(real_kafka, unique, 200)
    with real_kafka.member(unique, unique, ill) as until:
        until(lambda: len(ill.assignments) == PARTITIONS)
        with real_kafka.member(unique, unique, well):
            until(lambda: len(well.refs()) == 2)  # the polling goes on in an outage, so rebalances do
            theirs = {ref.partition for ref in well.refs()}
            until(lambda: {each for each in sent if each[0] in theirs} <= set(places(well)))
            away[0] = False
            until(lambda: sent == set(places(ill, well)))
            assert sorted(places(ill, well)) == sorted(sent), "nobody did what was the other's"


def test_an_offset_is_committed_only_when_its_record_is_done(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique, 1)
    seen: list[tuple[int, int]] = []
    done = [0]

    def look(records: Sequence[InRecord]) -> None:
        time.sleep(0.15)  # longer than the interval of commits
        seen.append((_committed(real_kafka, unique, unique), done[0]))
        done[0] = records[-1].offset + 1

    handler = RecordingHandler(look)
    with real_kafka.member(unique, unique, handler) as until:
        for number in range(5):
            real_kafka.batch_publisher().publish([OutRecord(unique, b"k", b"v", partition=0)] * 20)
            until(lambda: len(handler.handled) >= (number + 1) * 20)  # noqa: B023 called at once
    assert all(committed <= finished for committed, finished in seen)
    assert any(committed for committed, _ in seen), "commits happen while work goes on"
    assert _committed(real_kafka, unique, unique) == 100


def test_lag_and_batches_are_measured(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique, PARTITIONS)
    publish(real_kafka, unique, 40)
    handler = RecordingHandler()
    value = real_kafka.registry.get_sample_value
    with real_kafka.member(unique, unique, handler) as until:
        until(lambda: len(handler.handled) >= 40)
        where = {"group": unique, "topic": unique, "partition": "0"}
        until(lambda: value("fleetcast_kafka_lag_records", where) == 0)
        until(lambda: (value("fleetcast_kafka_commits_total", {"group": unique, "outcome": "committed"}) or 0) > 0)
    assert value("fleetcast_kafka_handled_total", {"group": unique, "topic": unique}) == 40
    assert value("fleetcast_kafka_batch_records_sum", {"group": unique}) == 40
    assert value("fleetcast_kafka_lag_records", where) is None, "nobody reports the lag of what he no longer has"


def test_a_broker_that_dies_and_comes_back_costs_no_record(tmp_path: Path, unique: str) -> None:
    with own_broker(tmp_path) as (bootstrap, broker):
        kafka = RealKafka(bootstrap)
        kafka.create_topic(unique, PARTITIONS)
        handler = RecordingHandler()
        sent = publish(kafka, unique, 100)
        with kafka.member(unique, unique, handler) as until:
            until(lambda: len(handler.handled) >= 100)
            broker.kill()
            time.sleep(1.0)
            broker.start()
            sent |= publish(kafka, unique, 100, 100)
            until(lambda: sent <= set(places(handler)))
        assert set(places(handler)) == sent
        kafka.close()


def test_an_outage_longer_than_the_longest_batch_costs_a_rejoin_but_no_record_and_no_repeat(
    tmp_path: Path, unique: str
) -> None:
    """A batch waits for its acknowledgements, however long: the member loses its partitions meanwhile, and its marks
    say where it goes on when it has them again.
    """
    out = f"{unique}-out"
    marks: dict[int, int] = {}
    with own_broker(tmp_path) as (bootstrap, broker):
        kafka = RealKafka(bootstrap)
        kafka.create_topic(unique, PARTITIONS)
        kafka.create_topic(out, PARTITIONS)
        publisher = kafka.batch_publisher()
        first_time = itertools.count()

        def process(records: Sequence[InRecord]) -> None:
            if next(first_time) == 0:
                broker.pause()
                threading.Timer(4.0, broker.resume).start()
            publisher.publish([OutRecord(out, b"key", each.value, partition=each.partition) for each in records])
            marks.update({each.partition: each.offset + 1 for each in records})

        handler = RecordingHandler(process, lambda partition, _: marks.get(partition.partition))
        impatient = dataclasses.replace(QUICK, session=1.5, longest_batch=1.5)
        publish(kafka, unique, 40)
        with in_thread(kafka.consumer(unique, unique, handler, impatient).run) as failed:
            wait_until(lambda: any(lost for _, lost in handler.releases) or bool(failed))
            wait_until(lambda: len(handler.refs()) == PARTITIONS or bool(failed))
            publish(kafka, unique, 40, 40)
            wait_until(lambda: len(handler.handled) >= 80 or bool(failed))
            assert not failed
        scan = kafka.scan()
        made = [int(each.value or b"") for batch in scan.read(scan.whole(out)) for each in batch]
        assert sorted(made) == list(range(80)), "each exactly once"
        assert in_order(handler)
        kafka.close()


def _committed(kafka: RealKafka, group: str, topic: str) -> int:
    """The sum of the group's committed offsets."""
    consumer = Consumer({"bootstrap.servers": kafka.settings.bootstrap, "group.id": group})
    try:
        count = len(
            AdminClient({"bootstrap.servers": kafka.settings.bootstrap}).list_topics(topic).topics[topic].partitions
        )
        found = consumer.committed([TopicPartition(topic, number) for number in range(count)], timeout=10.0)
        return sum(max(0, each.offset) for each in found)
    finally:
        consumer.close()


def test_records_that_vanish_before_they_are_read_are_told_and_reading_goes_on(
    real_kafka: RealKafka, unique: str
) -> None:
    """Retention overtook a member that was held up: it loads the partition again and begins at what is left."""
    real_kafka.create_topic(unique, 1)
    real_kafka.batch_publisher().publish([OutRecord(unique, b"k", b"v", partition=0)] * 100)
    away = [True]

    def outage(records: Sequence[InRecord]) -> None:
        if away[0]:
            raise KafkaUnavailable("Redis is away")

    handler = RecordingHandler(outage)
    value = real_kafka.registry.get_sample_value
    with real_kafka.member(unique, unique, handler) as until:
        until(lambda: (value("fleetcast_kafka_outages_total", {"group": unique}) or 0) >= 2)
        real_kafka.delete_records(unique, 0, before=80)
        away[0] = False
        until(lambda: bool(handler.handled) and handler.handled[-1].offset == 99)
        assert [lost for _, lost in handler.releases] == [True]
    offsets = [each.offset for each in handler.handled]
    first = len(offsets) - 20
    assert offsets == [*range(first), *range(80, 100)], (
        "what had been fetched is done, and nothing that exists is skipped"
    )
    where = {"group": unique, "topic": unique, "partition": "0"}
    assert (value("fleetcast_kafka_out_of_range_total", where) or 0) >= 1
