"""The partition reader when the event loop does not keep up."""

import asyncio
import time
from collections.abc import Sequence

from backbone.partition_reader import PartitionReader, ReadProblem
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord, OutRecord
from tests.backbone.kafka_kinds import RealKafka, soon


class SlowListener:
    """Takes its time for every batch, and looks at how many wait behind it."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.batches: list[int] = []

    def on_records(self, partition: PartitionRef, records: Sequence[InRecord]) -> None:
        self.batches.append(len(records))
        self.offsets += [each.offset for each in records]
        time.sleep(0.02)

    def on_caught_up(self, partition: PartitionRef, offset: int) -> None:
        pass

    def on_failed(self, partition: PartitionRef, problem: ReadProblem) -> None:
        raise AssertionError(problem)


async def test_a_busy_loop_is_handed_a_bounded_number_of_batches(real_kafka: RealKafka, unique: str) -> None:
    real_kafka.create_topic(unique)
    value = b"x" * 100
    real_kafka.batch_publisher().publish([OutRecord(unique, b"key", value)] * 5000)
    listener = SlowListener()
    reader = PartitionReader(real_kafka.settings, listener, batch_records=50, undelivered=2)
    stopping = asyncio.Event()
    running = asyncio.create_task(reader.run(stopping))
    await reader.open(unique, 0, 0)
    await soon(lambda: len(listener.offsets) > 0)
    time.sleep(0.5)  # noqa: ASYNC251 the loop is kept busy on purpose
    before = len(listener.batches)
    await asyncio.sleep(0)
    assert len(listener.batches) - before <= 3, "two handed over, and one more once the first was taken"
    await soon(lambda: len(listener.offsets) == 5000)
    assert listener.offsets == list(range(5000)), "nothing is lost or out of order for it"
    assert max(listener.batches) <= 50
    stopping.set()
    await running
