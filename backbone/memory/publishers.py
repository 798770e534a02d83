"""Publishing into the memory cluster."""

from collections.abc import Sequence

from backbone.errors import RecordTooLarge
from backbone.memory.cluster import MemoryCluster
from backbone.publishing import FailureReason, PublishFailed
from backbone.record import Ack, OutRecord
from domain.errors import OutageError

MAX_RECORD_BYTES = 1_000_000  # librdkafka's default


class MemoryAsyncPublisher:
    """Twin of `backbone.publisher.AsyncPublisher`: needs no `run`."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster

    async def publish(self, records: Sequence[OutRecord]) -> list[Ack | PublishFailed]:
        return [self._one(record) for record in records]

    def _one(self, record: OutRecord) -> Ack | PublishFailed:
        if _too_large(record):
            return PublishFailed(FailureReason.TOO_LARGE, "the record is too large", retryable=False, ambiguous=False)
        try:
            return self._cluster.append(record)
        except OutageError as error:
            return PublishFailed(FailureReason.UNAVAILABLE, str(error), retryable=True, ambiguous=False)


class MemoryBatchPublisher:
    """Twin of `backbone.batch_publisher.BatchPublisher`; an outage is raised at once, not waited out."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster

    def publish(self, records: Sequence[OutRecord]) -> list[Ack]:
        acks = []
        for index, record in enumerate(records):
            if _too_large(record):
                raise RecordTooLarge(index, record.topic)
            acks.append(self._cluster.append(record))
        return acks


def _too_large(record: OutRecord) -> bool:
    return len(record.value or b"") + len(record.key or b"") > MAX_RECORD_BYTES
