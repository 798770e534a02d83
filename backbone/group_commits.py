"""Commits of what is done, and of nothing else."""

import time
from collections.abc import Iterable

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from backbone.errors import NOT_OURS, kafka_error
from backbone.kafka_metrics import ConsumerMetrics
from backbone.owned_partitions import OwnedPartition, OwnedPartitions

log = structlog.get_logger(__name__)

_NOTHING = (KafkaError.NO_ERROR, KafkaError._NO_OFFSET)  # noqa: SLF001 a public constant in fact


class GroupCommits:
    """Commits every `interval` seconds without waiting, and at once when partitions are taken away.

    A commit that fails loses nothing: the records come again and are recognised. The topic's id goes with each commit,
    so that an offset of a topic that was since deleted and made again is not taken for one of the new topic.
    """

    def __init__(self, group: str, owned: OwnedPartitions, metrics: ConsumerMetrics, interval: float) -> None:
        self._group = group
        self._owned = owned
        self._metrics = metrics
        self._interval = interval
        self._due = time.monotonic() + interval

    def due(self) -> bool:
        """True once in every interval."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._due = now + self._interval
        return True

    def begin(self, consumer: Consumer) -> None:
        """Commit what is new, without waiting."""
        offsets = self._offsets(self._owned.open())
        if not offsets:
            return
        try:
            consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self._report(kafka_error(error), offsets)

    def ended(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        """The library's on_commit callback."""
        for each in partitions:
            self._report(each.error or error, [each])

    def now(self, consumer: Consumer, partitions: Iterable[OwnedPartition]) -> None:
        """Commit what is new of these partitions, and wait for it (at most the session's timeout)."""
        offsets = self._offsets(partitions)
        if not offsets:
            return
        try:
            answered = consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            self._report(kafka_error(error), offsets)
        else:
            self.ended(None, answered)

    def _offsets(self, partitions: Iterable[OwnedPartition]) -> list[TopicPartition]:
        offsets = []
        for owned in partitions:
            if owned.ref is not None and owned.done is not None and owned.done != owned.committing:
                owned.committing = owned.done
                offsets.append(owned.at(owned.done, owned.ref.topic_id))
        return offsets

    def _report(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        if error is None or error.code() in _NOTHING:
            self._count("committed", len(offsets))
            return
        for each in offsets:
            owned = self._owned.get(each.topic, each.partition)
            if owned is not None and owned.committing == each.offset:
                owned.committing = None  # so that the next interval tries again
        not_ours = error.code() in NOT_OURS
        self._count("not-ours" if not_ours else "failed", len(offsets))
        log.log(
            20 if not_ours else 30,
            "not committed, the records may come again",
            group=self._group,
            code=error.name(),
            partitions=[f"{each.topic}/{each.partition}@{each.offset}" for each in offsets],
        )

    def _count(self, outcome: str, count: int) -> None:
        self._metrics.commits.labels(self._group, outcome).inc(count)
