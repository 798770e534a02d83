"""What readers without a group promise: the partition reader, bounded scans and global tables."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from backbone.errors import KafkaUnavailable
from backbone.partition_reader import ReadProblem
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord, OutRecord
from backbone.topic_scan import Range
from domain.errors import PermanentError
from tests.backbone.kafka_kinds import KafkaKind, soon


class Recorder:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.records: list[tuple[PartitionRef, InRecord]] = []
        self.caught_up: list[tuple[PartitionRef, int]] = []
        self.failures: list[tuple[PartitionRef, ReadProblem]] = []

    def on_records(self, partition: PartitionRef, records: Sequence[InRecord]) -> None:
        self.records += [(partition, record) for record in records]

    def on_caught_up(self, partition: PartitionRef, offset: int) -> None:
        self.caught_up.append((partition, offset))

    def on_failed(self, partition: PartitionRef, problem: ReadProblem) -> None:
        self.failures.append((partition, problem))

    def offsets(self, partition: int = 0) -> list[int]:
        return [record.offset for ref, record in self.records if ref.partition == partition]


def publish(kafka: KafkaKind, topic: str, count: int, partition: int = 0) -> None:
    kafka.batch_publisher().publish(
        [OutRecord(topic, b"key", f"value-{number}".encode(), partition=partition) for number in range(count)]
    )


async def test_a_partition_is_read_from_an_offset_in_order_and_kept_up_with(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    publish(kafka, unique, 3000)
    heard = Recorder()
    async with kafka.reader(heard) as reader:
        opened = await reader.open(unique, 0, 500, since_ms=None)
        assert (opened.start, opened.low, opened.high) == (500, 0, 3000)
        assert not heard.records, "nothing is delivered before open has returned"
        await soon(lambda: bool(heard.caught_up) and heard.caught_up[-1][1] >= 3000)
        assert heard.offsets() == list(range(500, 3000)), "caught up means that all before was delivered"
        publish(kafka, unique, 2)
        await soon(lambda: heard.offsets()[-1] == 3001)
        await soon(lambda: heard.caught_up[-1][1] == 3002)
    assert {ref for ref, _ in heard.records} == {opened.partition}
    assert opened.partition.topic_id


async def test_an_empty_partition_is_caught_up_at_once(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    heard = Recorder()
    async with kafka.reader(heard) as reader:
        opened = await reader.open(unique, 0, None, since_ms=None)
        assert (opened.start, opened.low, opened.high) == (0, 0, 0)
        await soon(lambda: bool(heard.caught_up))
    assert heard.caught_up[0] == (opened.partition, 0)


async def test_a_start_outside_the_watermarks_is_moved_and_told(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    publish(kafka, unique, 10)
    kafka.delete_records(unique, 0, before=4)
    heard = Recorder()
    async with kafka.reader(heard) as reader:
        assert (await reader.open(unique, 0, 1, since_ms=None)).start == 4
        reader.close(unique, 0)
        assert (await reader.open(unique, 0, 99, since_ms=None)).start == 10
        reader.close(unique, 0)
        assert await reader.watermarks(unique, 0) == (4, 10)


async def test_reading_can_begin_at_a_time(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    publish(kafka, unique, 5)
    await asyncio.sleep(0.01)
    middle = time.time_ns() // 1_000_000
    await asyncio.sleep(0.01)
    publish(kafka, unique, 5)
    heard = Recorder()
    async with kafka.reader(heard) as reader:
        assert await reader.offset_for_time(unique, 0, middle) == 5
        assert await reader.offset_for_time(unique, 0, middle + 60_000) is None
        assert (await reader.open(unique, 0, None, since_ms=middle)).start == 5
        await soon(lambda: len(heard.records) == 5)
        reader.close(unique, 0)
        assert (await reader.open(unique, 0, None, since_ms=middle + 60_000)).start == 10


async def test_what_is_closed_is_silent_and_can_be_opened_again(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, 2)
    publish(kafka, unique, 10, 0)
    heard = Recorder()
    async with kafka.reader(heard) as reader:
        await reader.open(unique, 0, 0, since_ms=None)
        await reader.open(unique, 1, 0, since_ms=None)
        await soon(lambda: len(heard.offsets(0)) == 10)
        reader.close(unique, 0)
        reader.close(unique, 0)
        publish(kafka, unique, 1, 0)
        publish(kafka, unique, 1, 1)
        await soon(lambda: len(heard.offsets(1)) == 1)
        assert len(heard.offsets(0)) == 10
        await reader.open(unique, 0, 8, since_ms=None)
        await soon(lambda: len(heard.offsets(0)) == 13)
    assert heard.offsets(0) == [*range(10), 8, 9, 10]


async def test_a_partition_is_opened_once_at_a_time(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    async with kafka.reader(Recorder()) as reader:
        await reader.open(unique, 0, 0, since_ms=None)
        with pytest.raises(ValueError, match="open already"):
            await reader.open(unique, 0, 0, since_ms=None)


async def test_a_topic_that_is_not_there_cannot_be_opened(kafka: KafkaKind, unique: str) -> None:
    async with kafka.reader(Recorder()) as reader:
        with pytest.raises(KafkaUnavailable, match=unique):
            await reader.open(unique, 0, 0, since_ms=None)


async def test_a_topic_made_again_ends_the_reading(kafka: KafkaKind, unique: str) -> None:
    """Its offsets mean other records; a resumed socket must not be told that nothing was missed."""
    kafka.create_topic(unique)
    publish(kafka, unique, 3)
    heard = Recorder()
    async with kafka.reader(heard) as reader:
        old = await reader.open(unique, 0, 0, since_ms=None)
        await soon(lambda: len(heard.records) == 3)
        kafka.delete_topic(unique)
        kafka.create_topic(unique)
        publish(kafka, unique, 10)
        await soon(lambda: bool(heard.failures))
        (failure,) = heard.failures
        assert failure[0] == old.partition
        assert failure[1] in (ReadProblem.RECREATED, ReadProblem.GONE)
        new = await reader.open(unique, 0, 0, since_ms=None)
        assert new.partition.topic_id != old.partition.topic_id
        await soon(lambda: len([ref for ref, _ in heard.records if ref == new.partition]) == 10)


def test_a_scan_reads_all_there_is_now_and_ends(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, 3)
    publish(kafka, unique, 2500, 0)
    publish(kafka, unique, 7, 2)
    scan = kafka.scan()
    ranges = scan.whole(unique)
    assert ranges == {(unique, 0): Range(0, 2500), (unique, 1): Range(0, 0), (unique, 2): Range(0, 7)}
    publish(kafka, unique, 5, 0)  # later than the ranges were asked for
    read = [record for batch in scan.read(ranges) for record in batch]
    assert [record.offset for record in read if record.partition == 0] == list(range(2500))
    assert [record.offset for record in read if record.partition == 2] == list(range(7))


def test_a_scan_reads_parts_of_a_partition_in_order(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    publish(kafka, unique, 40)
    parts = [Range(3, 4), Range(5, 5), Range(10, 13), Range(13, 14), Range(39, 40)]
    read = [each for batch in kafka.scan().parts((unique, 0), parts) for each in batch]
    assert [each.offset for each in read] == [3, 10, 11, 12, 13, 39]
    assert list(kafka.scan().parts((unique, 0), [])) == []


def test_a_scan_leaves_out_what_is_not_wanted_and_ends_nevertheless(kafka: KafkaKind, unique: str) -> None:
    """The ends of the ranges are among what is left out, and so is a record without a value."""
    kafka.create_topic(unique, 2)
    values = [b"yes" if number % 10 == 3 else b"no" for number in range(2500)]
    sent = [OutRecord(unique, b"k", value, partition=0) for value in values]
    kafka.batch_publisher().publish([*sent, OutRecord(unique, b"k", None, partition=0), *sent])
    parts = [Range(5, 8), Range(10, 2400), Range(2490, 2502), Range(4000, 5001)]
    batches = list(kafka.scan().parts((unique, 0), parts, b"yes".__eq__))
    expected = [*range(13, 2400, 10), 2493, *range(4004, 5001, 10)]
    assert [each.offset for batch in batches for each in batch] == expected


def test_a_scan_can_begin_at_offsets_and_times(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique)
    publish(kafka, unique, 10)
    kafka.delete_records(unique, 0, before=2)
    scan = kafka.scan()
    assert scan.to_end({(unique, 0): 0}) == {(unique, 0): Range(2, 10)}
    assert scan.to_end({(unique, 0): 99}) == {(unique, 0): Range(10, 10)}
    assert [each.offset for batch in scan.read({(unique, 0): Range(3, 6)}) for each in batch] == [3, 4, 5]
    assert scan.since({(unique, 0): 0}) == {(unique, 0): Range(2, 10)}
    assert scan.since({(unique, 0): time.time_ns() // 1_000_000 + 60_000}) == {(unique, 0): Range(10, 10)}
    assert list(scan.read({(unique, 0): Range(10, 10)})) == []


class Index:
    """A view that keeps the values by key, and refuses some."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}

    def apply(self, record: InRecord) -> None:
        assert record.key is not None
        if record.value == b"nonsense":
            raise PermanentError("nonsense", "the value makes no sense")
        if record.value is None:
            self.values.pop(record.key, None)
        else:
            self.values[record.key] = record.value


def test_a_table_is_whole_before_it_is_ready_and_stays_fresh(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, 3)
    publisher = kafka.batch_publisher()
    publisher.publish([OutRecord(unique, f"key-{n % 100}".encode(), f"{n}".encode()) for n in range(1000)])
    publisher.publish([OutRecord(unique, b"key-7", None)])
    index, bad = Index(), list[tuple[bytes | None, str]]()
    with kafka.table(unique, index, lambda record, error: bad.append((record.key, error.reason))) as until:
        assert index.values == {f"key-{n}".encode(): f"{n + 900}".encode() for n in range(100) if n != 7}
        publisher.publish([OutRecord(unique, b"key-7", b"nonsense"), OutRecord(unique, b"key-7", b"back")])
        until(lambda: index.values.get(b"key-7") == b"back")
    assert bad == [(b"key-7", "nonsense")], "the next record is unaffected"


def test_a_table_of_an_empty_topic_is_ready(kafka: KafkaKind, unique: str) -> None:
    kafka.create_topic(unique, 2)
    index = Index()
    with kafka.table(unique, index, lambda record, error: None):
        assert index.values == {}
