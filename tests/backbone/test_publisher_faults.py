"""Publishers in trouble: full queues, a broker that is away, fatal errors, the end of the process."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from backbone.batch_publisher import BatchPublisher
from backbone.errors import KafkaUnavailable
from backbone.kafka_settings import KafkaSettings
from backbone.publisher import AsyncPublisher
from backbone.publishing import FailureReason, PublishFailed
from backbone.record import Ack, OutRecord
from runtime.health import Health
from tests.backbone.broken_kafka import own_broker
from tests.backbone.fatal_errors import fail_for_good
from tests.backbone.kafka_kinds import RealKafka, soon, wait_until


def records(topic: str, count: int) -> list[OutRecord]:
    return [OutRecord(topic, b"key", f"value-{number}".encode()) for number in range(count)]


def values(kafka: RealKafka, topic: str) -> list[bytes | None]:
    scan = kafka.scan()
    return [each.value for batch in scan.read(scan.whole(topic)) for each in batch]


@contextlib.asynccontextmanager
async def publishing(
    kafka: RealKafka, topic: str, settings: KafkaSettings | None = None
) -> AsyncIterator[tuple[AsyncPublisher, Health]]:
    health = Health()
    publisher = AsyncPublisher(settings or kafka.settings, [topic], kafka.publisher_metrics, health.require("kafka"))
    stopping = asyncio.Event()
    task = asyncio.create_task(publisher.run(stopping))
    await soon(health.ready)
    try:
        yield publisher, health
    finally:
        stopping.set()
        await task


async def longest_pause(stop: asyncio.Event) -> float:
    longest = 0.0
    while not stop.is_set():
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        longest = max(longest, time.perf_counter() - before)
    return longest


async def test_what_does_not_fit_is_refused_at_once_and_the_rest_is_taken(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique)
    settings = KafkaSettings(bootstrap=real_kafka.settings.bootstrap, in_flight_records=10)
    async with publishing(real_kafka, unique, settings) as (publisher, _):
        outcomes = await publisher.publish(records(unique, 15))
        assert [isinstance(each, Ack) for each in outcomes] == [True] * 10 + [False] * 5
        refused = outcomes[-1]
        assert isinstance(refused, PublishFailed)
        assert (refused.reason, refused.retryable, refused.ambiguous) == (FailureReason.QUEUE_FULL, True, False)
        assert all(isinstance(each, Ack) for each in await publisher.publish(records(unique, 10))), "it is free again"


async def test_the_librarys_own_full_queue_is_the_same_answer(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique)
    few = {"queue.buffering.max.messages": SecretStr("10"), "linger.ms": SecretStr("200")}
    settings = KafkaSettings(bootstrap=real_kafka.settings.bootstrap, properties=few)
    async with publishing(real_kafka, unique, settings) as (publisher, _):
        outcomes = await publisher.publish(records(unique, 15))
    assert [isinstance(each, Ack) for each in outcomes] == [True] * 10 + [False] * 5
    assert {each.reason for each in outcomes if isinstance(each, PublishFailed)} == {FailureReason.QUEUE_FULL}


async def test_bytes_in_flight_are_bounded(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique)
    settings = KafkaSettings(bootstrap=real_kafka.settings.bootstrap, in_flight_bytes=1024 * 1024)
    async with publishing(real_kafka, unique, settings) as (publisher, _):
        outcomes = await publisher.publish([OutRecord(unique, b"key", b"x" * 300_000)] * 4)
    assert [isinstance(each, Ack) for each in outcomes] == [True, True, True, False]


async def test_a_topic_that_is_not_there_is_told_by_readiness_and_by_the_answer(
    real_kafka: RealKafka, unique: str
) -> None:
    health = Health()
    settings = KafkaSettings(
        bootstrap=real_kafka.settings.bootstrap,
        delivery_seconds=2,
        properties={"topic.metadata.propagation.max.ms": SecretStr("500")},
    )
    publisher = AsyncPublisher(settings, [unique], real_kafka.publisher_metrics, health.require("kafka"))
    stopping = asyncio.Event()
    task = asyncio.create_task(publisher.run(stopping))
    await soon(lambda: "UNKNOWN_TOPIC" in health.report()["conditions"]["kafka"]["reason"])
    (outcome,) = await publisher.publish(records(unique, 1))
    assert isinstance(outcome, PublishFailed)
    assert outcome.retryable
    stopping.set()
    await task


async def test_a_stopped_process_publishes_what_it_took_and_takes_no_more(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique)
    slow = KafkaSettings(bootstrap=real_kafka.settings.bootstrap, properties={"linger.ms": SecretStr("1000")})
    async with publishing(real_kafka, unique, slow) as (publisher, _):
        call = asyncio.create_task(publisher.publish(records(unique, 5)))
        await asyncio.sleep(0)
    assert all(isinstance(each, Ack) for each in await call)
    (late,) = await publisher.publish(records(unique, 1))
    assert isinstance(late, PublishFailed)
    assert late.reason == FailureReason.STOPPING


async def test_a_cancelled_call_disturbs_no_other(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique)
    async with publishing(real_kafka, unique) as (publisher, _):
        call = asyncio.create_task(publisher.publish(records(unique, 100)))
        await asyncio.sleep(0)
        call.cancel()
        assert all(isinstance(each, Ack) for each in await publisher.publish(records(unique, 10)))
    assert len(values(real_kafka, unique)) == 110


async def test_a_producer_that_failed_for_good_is_replaced(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique)
    async with publishing(real_kafka, unique) as (publisher, health):
        await publisher.publish(records(unique, 10))
        broken = publisher._producer
        assert broken is not None
        fail_for_good(broken)
        answered = await publisher.publish(records(unique, 10))
        assert all(isinstance(each, Ack) or each.retryable for each in answered)
        del broken
        outcomes: list[Ack | PublishFailed] = []
        while not outcomes or not isinstance(outcomes[0], Ack):
            outcomes = await publisher.publish(records(unique, 1))
            await asyncio.sleep(0.01)
        await soon(health.ready)
    assert real_kafka.registry.get_sample_value("fleetcast_kafka_producer_replaced_total") == 1
    assert real_kafka.registry.get_sample_value("fleetcast_kafka_in_flight_records") == 0


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_a_broker_away_is_answered_in_time_told_and_recovered_from(
    tmp_path: Path, unique: str, fault: str
) -> None:
    """No request hangs, the loop is never blocked, readiness says so, and all of it ends by itself."""
    with own_broker(tmp_path) as (bootstrap, broker):
        kafka = RealKafka(bootstrap)
        kafka.create_topic(unique)
        settings = KafkaSettings(bootstrap=bootstrap, delivery_seconds=2)
        async with publishing(kafka, unique, settings) as (publisher, health):
            await publisher.publish(records(unique, 1))
            broker.kill() if fault == "killed" else broker.pause()
            stop = asyncio.Event()
            pauses = asyncio.create_task(longest_pause(stop))
            began = time.monotonic()
            outcomes = await publisher.publish(records(unique, 100))
            took = time.monotonic() - began
            stop.set()
            assert took < 4.0
            assert await pauses < 0.2
            assert {(each.retryable, each.ambiguous) for each in outcomes if isinstance(each, PublishFailed)} == {
                (True, True)
            }
            assert not any(isinstance(each, Ack) for each in outcomes)
            await soon(lambda: not health.ready(), within=6.0)
            await asyncio.to_thread(broker.start if fault == "killed" else broker.resume)
            await soon(health.ready, within=20.0)
            assert isinstance((await publisher.publish(records(unique, 1)))[0], Ack)
        kafka.close()


def test_a_batch_waits_for_the_broker_and_is_then_whole_and_in_order(tmp_path: Path, unique: str) -> None:
    with own_broker(tmp_path) as (bootstrap, broker):
        kafka = RealKafka(bootstrap)
        kafka.create_topic(unique)
        publisher = kafka.batch_publisher()
        publisher.publish(records(unique, 1))
        broker.kill()
        acks: list[Ack] = []
        thread = threading.Thread(target=lambda: acks.extend(publisher.publish(records(unique, 200))))
        thread.start()
        thread.join(3.0)
        assert thread.is_alive(), "it neither fails nor skips"
        broker.start()
        thread.join(30.0)
        assert [ack.offset for ack in acks] == list(range(1, 201)), "once each, without a gap"
        assert values(kafka, unique) == [b"value-0", *(f"value-{number}".encode() for number in range(200))]

        broker.kill()
        caught: list[Exception] = []

        def publish_in_vain() -> None:
            try:
                publisher.publish(records(unique, 10))
            except KafkaUnavailable as error:
                caught.append(error)

        thread = threading.Thread(target=publish_in_vain)
        thread.start()
        kafka.stop.set()
        thread.join(10.0)
        assert "stopped" in str(caught[0])
        kafka.close()


def test_a_batch_that_met_a_fatal_error_can_be_published_again(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique)
    publisher = BatchPublisher(real_kafka.settings, real_kafka.publisher_metrics, threading.Event())
    publisher.publish(records(unique, 1))
    fail_for_good(publisher._producer)
    with pytest.raises(KafkaUnavailable):
        publisher.publish(records(unique, 10))

    def published() -> bool:
        try:
            publisher.publish(records(unique, 10))
        except KafkaUnavailable:
            return False
        return True

    wait_until(published)
    assert values(real_kafka, unique)[-10:] == [f"value-{number}".encode() for number in range(10)]
    publisher.close()
