"""Topics as a data team reads them: Confluent's consumer, and Confluent's own AvroDeserializer with the registry."""

import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.serialization import MessageField, SerializationContext

with warnings.catch_warnings(record=True):  # authlib, which the client needs, warns of itself, whatever the filters say
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroDeserializer

WAIT = 10.0  # seconds for the broker


class Read(NamedTuple):
    """One record; `value` is what the deserializer made of it, None for a tombstone."""

    partition: int
    offset: int
    key: str
    value: Any
    headers: dict[str, bytes]
    raw: bytes | None


class DataTeam:
    """Reads what came onto topics since `mark` was called for them. Blocks."""

    def __init__(self, kafka_bootstrap: str, registry_url: str) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": kafka_bootstrap, "group.id": "data-team", "enable.auto.commit": False}
        )
        self._registry = SchemaRegistryClient({"url": registry_url})
        self._deserializer = AvroDeserializer(self._registry, conf={"subject.name.strategy.type": "TOPIC"})
        self._next: dict[tuple[str, int], int] = {}

    def close(self) -> None:
        """Ends the connections."""
        self._consumer.close()
        self._registry.close()

    def mark(self, *topics: str) -> None:
        """What is on the topics by now is not read."""
        for topic in topics:
            self._next.update({(topic, partition): end for partition, end in self._ends(topic).items()})

    def read(self, topic: str, *, decode: bool = True) -> list[Read]:
        """All records since the mark or the last read; since the beginning without either. In order by partition.

        Raises TimeoutError. With `decode` false, `value` is the bytes as they are.
        """
        ends = self._ends(topic)
        left = {number: end for number, end in ends.items() if end > self._next.get((topic, number), 0)}
        if not left:
            return []
        begin = [TopicPartition(topic, number, self._next.get((topic, number), 0)) for number in left]
        self._consumer.assign(begin)
        read: list[Read] = []
        deadline = time.monotonic() + WAIT + sum(left.values()) / 1000
        while left:
            for message in self._consumer.consume(500, 0.2):
                if message.error() is not None:
                    raise RuntimeError(f"{topic}: {message.error()}")
                number, offset = message.partition() or 0, message.offset() or 0
                if offset < ends[number]:
                    read.append(self._read(topic, number, offset, message, decode=decode))
                    self._next[topic, number] = offset + 1
            left = {number: end for number, end in left.items() if self._next.get((topic, number), 0) < end}
            if time.monotonic() > deadline:
                raise TimeoutError(f"{topic} cannot be read to its end: {left}")
        self._consumer.unassign()
        return sorted(read, key=lambda each: (each.partition, each.offset))

    def until(self, topic: str, wanted: Callable[[Read], bool], count: int = 1, within: float = 20.0) -> list[Read]:
        """Read on until `count` records are as wanted, and return those. Raises TimeoutError."""
        found: list[Read] = []
        deadline = time.monotonic() + within
        while len(found) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{topic}: {len(found)} of {count} within {within:.0f} s")
            new = self.read(topic)
            found += [each for each in new if wanted(each)]
            if not new:
                time.sleep(0.05)
        return found

    def _read(self, topic: str, number: int, offset: int, message: Any, *, decode: bool) -> Read:
        raw = message.value()
        headers = dict(message.headers() or [])
        key = (message.key() or b"").decode()
        value = self._deserializer(raw, SerializationContext(topic, MessageField.VALUE)) if decode else raw
        return Read(number, offset, key, value, headers, raw)

    def _ends(self, topic: str) -> dict[int, int]:
        metadata = self._consumer.list_topics(topic, timeout=WAIT).topics[topic]
        return {
            number: self._consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=WAIT)[1]
            for number in metadata.partitions
        }
