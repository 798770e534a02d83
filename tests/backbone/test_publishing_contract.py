"""What every publisher keeps, on the broker and in memory."""

import pytest

from backbone.errors import RecordTooLarge
from backbone.partitioner import partition_of
from backbone.publishing import FailureReason, PublishFailed
from backbone.record import Ack, OutRecord
from tests.backbone.kafka_kinds import KafkaKind

PARTITIONS = 3


def records(topic: str, count: int, key: bytes | None = None) -> list[OutRecord]:
    return [OutRecord(topic, key or f"key-{n}".encode(), f"value-{n}".encode()) for n in range(count)]


def all_of(kafka: KafkaKind, topic: str) -> list[tuple[int, int, bytes | None, bytes | None]]:
    scan = kafka.scan()
    return sorted(
        (each.partition, each.offset, each.key, each.value) for batch in scan.read(scan.whole(topic)) for each in batch
    )


def expected(sent: list[OutRecord], acks: list[Ack]) -> list[tuple[int, int, bytes | None, bytes | None]]:
    return sorted((ack.partition, ack.offset, each.key, each.value) for each, ack in zip(sent, acks, strict=True))


def test_a_batch_is_in_the_log_when_publish_returns_and_each_ack_says_where(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, PARTITIONS)
    sent = records(unique, 100)

    acks = kafka.batch_publisher().publish(sent)

    assert all_of(kafka, unique) == expected(sent, acks)


def test_keys_go_where_javas_clients_send_them(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, PARTITIONS)
    sent = records(unique, 50)
    acks = kafka.batch_publisher().publish(sent)
    assert [ack.partition for ack in acks] == [partition_of(each.key or b"", PARTITIONS) for each in sent]


def test_a_named_partition_wins_over_the_key(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, PARTITIONS)
    for partition in range(PARTITIONS):
        (ack,) = kafka.batch_publisher().publish([OutRecord(unique, b"key", b"value", partition=partition)])
        assert ack.partition == partition


def test_records_with_one_key_keep_their_order(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, PARTITIONS)
    publisher = kafka.batch_publisher()
    offsets = [ack.offset for _ in range(3) for ack in publisher.publish(records(unique, 20, b"one"))]
    assert offsets == list(range(60))


def test_headers_empty_values_and_missing_keys_arrive_as_they_were(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    sent = [
        OutRecord(unique, b"key", None, [("a", b"1"), ("b", b""), ("a", b"\xff")]),
        OutRecord(unique, None, b""),
    ]
    kafka.batch_publisher().publish(sent)
    scan = kafka.scan()
    first, second = (each for batch in scan.read(scan.whole(unique)) for each in batch)
    assert (first.key, first.value, first.headers) == (b"key", None, [("a", b"1"), ("b", b""), ("a", b"\xff")])
    assert (second.key, second.value, second.headers) == (None, b"", [])


def test_a_too_large_record_ends_the_batch_there_and_is_named(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    small = records(unique, 3)
    publisher = kafka.batch_publisher()

    with pytest.raises(RecordTooLarge) as caught:
        publisher.publish([*small[:2], OutRecord(unique, b"key", b"x" * 1_100_000), small[2]])

    assert (caught.value.index, caught.value.reason) == (2, "record-too-large")
    assert [value for *_, value in all_of(kafka, unique)] == [b"value-0", b"value-1"]
    assert publisher.publish([small[2]]) == [Ack(unique, 0, 2)]


def test_nothing_to_publish_is_nothing(kafka: KafkaKind) -> None:
    assert kafka.batch_publisher().publish([]) == []


async def test_a_call_is_answered_for_each_record_in_order(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, PARTITIONS)
    sent = records(unique, 100)
    async with kafka.async_publisher(unique) as publisher:
        outcomes = await publisher.publish(sent)
        assert await publisher.publish([]) == []
    acks = [each for each in outcomes if isinstance(each, Ack)]
    assert all_of(kafka, unique) == expected(sent, acks)


async def test_a_too_large_record_fails_for_good_and_its_neighbours_do_not(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    first, second = records(unique, 2)
    async with kafka.async_publisher(unique) as publisher:
        outcomes = await publisher.publish([first, OutRecord(unique, b"key", b"x" * 1_100_000), second])
    failed = outcomes[1]
    assert isinstance(failed, PublishFailed)
    assert (failed.reason, failed.retryable, failed.ambiguous) == (FailureReason.TOO_LARGE, False, False)
    assert [outcomes[0], outcomes[2]] == [Ack(unique, 0, 0), Ack(unique, 0, 1)]
