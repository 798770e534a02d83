"""What goes wrong with Kafka, translated once from the library's codes.

PermanentError
+-- RecordTooLarge       the broker would never take it
OutageError
+-- KafkaUnavailable     no broker, no leader, no such topic, no permission: every record waits
LostPartition            somebody else owns the partition: discard its work and load it again
PartitionBlocked         one partition cannot go on for now; the others can
"""

from confluent_kafka import KafkaError, KafkaException

from backbone.partition_ref import PartitionRef
from domain.errors import OutageError, PermanentError

NOT_OURS = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError._STATE,  # noqa: SLF001 the library's public constants begin with an underscore
        KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001
    }
)
"""Codes of a commit after the partitions went to another member. Harmless: that member does the records again."""

TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_MSG_SIZE})


class KafkaUnavailable(OutageError):
    """Kafka cannot do what every record needs."""


class RecordTooLarge(PermanentError):
    """The record at `index` of what was to be published is over the largest size; none after it was produced."""

    def __init__(self, index: int, topic: str) -> None:
        super().__init__("record-too-large", f"record {index} of the batch is too large for {topic}")
        self.index = index
        self.topic = topic


class LostPartition(Exception):
    """Raised in `BatchHandler.handle`: another process owns the state of `partition`."""

    def __init__(self, partition: PartitionRef) -> None:
        super().__init__(f"{partition.topic}/{partition.partition} belongs to another process")
        self.partition = partition


class PartitionBlocked(Exception):
    """Raised in `BatchHandler.handle`: the records of `partition` must wait, those of others need not."""

    def __init__(self, partition: PartitionRef, reason: str) -> None:
        super().__init__(f"{partition.topic}/{partition.partition} is blocked: {reason}")
        self.partition = partition
        self.reason = reason


def kafka_error(error: BaseException) -> KafkaError:
    """The KafkaError inside a KafkaException; of another exception, one with the code `_FAIL`."""
    if isinstance(error, KafkaException) and error.args and isinstance(error.args[0], KafkaError):
        return error.args[0]
    return KafkaError(KafkaError._FAIL, str(error))  # noqa: SLF001


def unavailable(doing: str, error: KafkaError) -> KafkaUnavailable:
    """The outage that a library error means; `doing` says what was tried, such as `reading watermarks of x`."""
    return KafkaUnavailable(f"{doing}: {error.name()}: {error.str()}")


def is_fatal(error: KafkaError) -> bool:
    """The client will never work again. The library raises such an error from `poll` and `flush`, too, instead of
    calling its error callback.
    """
    return error.fatal() or error.code() == KafkaError._FATAL  # noqa: SLF001 a public constant in fact
