"""Partitions read without a group: assigned and dropped at run time, nothing committed. For one thread."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from backbone.client_errors import ClientErrors
from backbone.kafka_settings import KafkaSettings
from backbone.lookups import Place
from backbone.received import in_record
from backbone.record import InRecord

log = structlog.get_logger(__name__)

_EOF = KafkaError._PARTITION_EOF  # noqa: SLF001 public constants in fact
# Reading of the partition has ended. After any other error the library goes on by itself.
ENDED = frozenset(
    {
        KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001
        KafkaError.OFFSET_OUT_OF_RANGE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    }
)


Wanted = Callable[[bytes], object]
"""Whether a record may be of interest, told by the bytes of its value alone: making an `InRecord` of a message costs
several times as much. What has no value is of none."""


class Fetched(NamedTuple):
    """What one fetch brought."""

    records: list[InRecord]
    """In order in each partition."""
    ends: dict[Place, int]
    """Partitions read to their end, as it was then: the offset that their next record gets."""
    failures: dict[Place, KafkaError]
    """Partitions whose reading has ended."""
    passed: dict[Place, int]
    """Where some may have been left out: the offset after the last message of the partition, be it left out or not."""


class PartitionFetcher:
    """`wait_ms`: a partition added while the broker holds a fetch begins only when that fetch ends, at the latest after
    this time; a short wait costs more requests when nothing happens. `queue_kbytes` bounds what is fetched ahead.
    """

    def __init__(self, settings: KafkaSettings, *, wait_ms: int, queue_kbytes: int = 16 * 1024) -> None:
        self._errors = ClientErrors("reader")
        self._assigned: set[Place] = set()
        self._consumer = Consumer(
            settings.consumer_config(
                {
                    "fetch.wait.max.ms": wait_ms,
                    "queued.min.messages": 10_000,
                    "queued.max.messages.kbytes": queue_kbytes,
                },
                {
                    "group.id": "fleetcast-no-group",  # the library wants one; nothing joins it or commits to it
                    "enable.auto.commit": False,
                    "enable.auto.offset.store": False,
                    "auto.offset.reset": "error",
                    "enable.partition.eof": True,
                    "error_cb": self._errors.tell,
                },
            )
        )

    def assign(self, place: Place, offset: int) -> None:
        """Begin to read a partition, at an offset that exists."""
        self._consumer.incremental_assign([TopicPartition(*place, offset)])
        self._assigned.add(place)

    def unassign(self, place: Place) -> None:
        """Read it no longer. What was fetched ahead is dropped."""
        self._consumer.incremental_unassign([TopicPartition(*place)])
        self._assigned.discard(place)

    def fetch(self, limit: int, wait: float, wanted: Wanted | None = None) -> Fetched:
        """At most `limit` (2 or more) messages, after a wait for the first of at most `wait` seconds.

        `wanted`: only the records that it says.
        """
        fetched = Fetched([], {}, {}, {})
        first = self._consumer.poll(wait)
        if first is None:
            return fetched
        messages = [first, *self._consumer.consume(max(1, limit - 1), 0)]
        for message in messages:
            error = message.error()
            if error is not None:
                _sort_out(error, message, fetched, self._errors)
            elif wanted is None or _is(wanted, message.value()):
                fetched.records.append(in_record(message))
        if wanted is not None:
            self._pass(messages, fetched.passed)
        return fetched

    def _pass(self, messages: Sequence[Message], passed: dict[Place, int]) -> None:
        """From the end, until all partitions were met: looking at each message would cost what was saved."""
        for message in reversed(messages):
            if message.error() is None:
                place = (message.topic() or "", message.partition() or 0)
                passed.setdefault(place, (message.offset() or 0) + 1)
                if len(passed) == len(self._assigned):
                    break

    def close(self) -> None:
        self._consumer.close()


def _is(wanted: Wanted, value: bytes | None) -> bool:
    return value is not None and bool(wanted(value))


def _sort_out(error: KafkaError, message: Message, fetched: Fetched, errors: ClientErrors) -> None:
    place = (message.topic() or "", message.partition() or 0)
    if error.code() == _EOF:
        fetched.ends[place] = message.offset() or 0
    elif error.code() in ENDED:
        fetched.failures[place] = error
    elif error.fatal():
        raise KafkaException(error)
    else:
        errors.tell(error)
