"""What publishing is, for those who do it: two protocols, and the answer for a record that was not taken."""

import enum
from collections.abc import Sequence
from typing import Protocol

import msgspec
from confluent_kafka import KafkaError

from backbone.errors import TOO_LARGE
from backbone.record import Ack, OutRecord


class FailureReason(enum.StrEnum):
    """Why a record was not taken."""

    QUEUE_FULL = "queue-full"
    TIMED_OUT = "timed-out"
    UNAVAILABLE = "unavailable"
    STOPPING = "stopping"
    TOO_LARGE = "too-large"
    REFUSED = "refused"


class PublishFailed(msgspec.Struct, frozen=True):
    """One record that was not acknowledged."""

    reason: FailureReason
    detail: str
    retryable: bool
    """The same record may be taken a bit later."""
    ambiguous: bool
    """It may be in the log nevertheless: retry with the same id only."""


class AsyncPublishing(Protocol):
    """Publishing from the event loop: ingest, gateway."""

    async def publish(self, records: Sequence[OutRecord]) -> list[Ack | PublishFailed]:
        """One answer for each record, in their order. Never blocks the loop and never raises for a record."""
        ...


class BatchPublishing(Protocol):
    """Publishing from a processor's thread."""

    def publish(self, records: Sequence[OutRecord]) -> list[Ack]:
        """Returns when all are acknowledged, in their order.

        Raises:
            RecordTooLarge: one can never be taken. Those before it were published, those after it were not.
            OutageError: they could not all be published; publish the same again later.
        """
        ...


QUEUE_FULL = PublishFailed(FailureReason.QUEUE_FULL, "too many records wait for Kafka", retryable=True, ambiguous=False)
NO_PRODUCER = PublishFailed(
    FailureReason.UNAVAILABLE, "the connection to Kafka is being made", retryable=True, ambiguous=False
)
STOPPING = PublishFailed(FailureReason.STOPPING, "this process is stopping", retryable=True, ambiguous=False)
ABANDONED = PublishFailed(
    FailureReason.TIMED_OUT, "the producer failed before Kafka answered", retryable=True, ambiguous=True
)

_REFUSED = frozenset(
    {
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.POLICY_VIOLATION,
        KafkaError.UNSUPPORTED_FOR_MESSAGE_FORMAT,
        KafkaError._INVALID_ARG,  # noqa: SLF001 the library's public constants begin with an underscore
    }
)
# Known not to be in the log. Whatever else goes wrong may have reached it.
_NOT_WRITTEN = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError._PURGE_QUEUE,  # noqa: SLF001
    }
)


def publish_failed(error: KafkaError) -> PublishFailed:
    """The answer that a delivery report with an error means."""
    code, detail = error.code(), f"{error.name()}: {error.str()}"
    if code in TOO_LARGE:
        return PublishFailed(FailureReason.TOO_LARGE, detail, retryable=False, ambiguous=False)
    if code in _REFUSED:
        return PublishFailed(FailureReason.REFUSED, detail, retryable=False, ambiguous=False)
    if code == KafkaError._QUEUE_FULL:  # noqa: SLF001
        return QUEUE_FULL
    if code in _NOT_WRITTEN:
        return PublishFailed(FailureReason.UNAVAILABLE, detail, retryable=True, ambiguous=False)
    return PublishFailed(FailureReason.TIMED_OUT, detail, retryable=True, ambiguous=True)
