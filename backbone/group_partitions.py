"""The coming and going of a member's partitions: opened with the handler, reloaded, taken away in order, lost."""

import time
from collections.abc import Sequence

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from backbone.batch_handler import BatchHandler
from backbone.errors import kafka_error, unavailable
from backbone.group_commits import GroupCommits
from backbone.group_options import GroupOptions
from backbone.kafka_metrics import ConsumerMetrics
from backbone.lookups import Lookups, Place
from backbone.owned_partitions import OwnedPartition, OwnedPartitions
from backbone.partition_ref import PartitionRef
from backbone.topic_ids import TopicIdWatch
from domain.errors import OutageError

log = structlog.get_logger(__name__)

COMMITTED_TIMEOUT = 5.0  # seconds
OPENING_SECONDS = 5.0


class GroupPartitions:
    """Between the library's rebalances and the handler. A rebalance only takes note of new partitions; each is opened
    between polls, because loading its state may take long, fail, and be tried again.
    """

    def __init__(
        self,
        group: str,
        owned: OwnedPartitions,
        handler: BatchHandler,
        commits: GroupCommits,
        lookups: Lookups,
        metrics: ConsumerMetrics,
        options: GroupOptions,
    ) -> None:
        self.joined = False
        """True once the group has given this member its share, which may be nothing."""
        self._group = group
        self._owned = owned
        self._handler = handler
        self._commits = commits
        self._lookups = lookups
        self._metrics = metrics
        self._watch = TopicIdWatch(lookups, options.check_topics_every)

    # Opening and reloading: called between polls

    def open_due(self, consumer: Consumer) -> None:
        """Open the partitions that wait for it, each by itself: what one lacks does not hold up another. After some
        seconds the rest is left for the next call, since a member that does not poll is thought dead.
        """
        due = [owned for owned in self._owned.unopened() if owned.backoff.wait() == 0.0]
        if not due:
            return
        try:
            facts = self._lookups.topics(owned.topic for owned in due)
            committed = self._committed(consumer, due)
        except OutageError as error:
            for owned in due:
                self._not_opened(owned, error)
            return
        until = time.monotonic() + OPENING_SECONDS
        for owned in due:
            if time.monotonic() > until:
                break
            ref = PartitionRef(owned.topic, facts[owned.topic].topic_id, owned.partition)
            self._open(consumer, owned, ref, _valid(committed.get(owned.place), ref))

    def reload(self, consumer: Consumer, owned: OwnedPartition, reason: str) -> None:
        """Drop all work on the partition and begin again with what the handler then loads."""
        log.warning("partition reloaded", group=self._group, place=owned.place, reason=reason)
        consumer.incremental_unassign([TopicPartition(*owned.place)])
        self._release(owned, lost=True)
        fresh = self._owned.add(*owned.place)
        fresh.backoff = owned.backoff  # so that reloading again and again slows down
        fresh.backoff.failed()

    def check_topics(self, consumer: Consumer) -> None:
        """Reload the partitions whose topic was deleted and made again."""
        opened = [(owned, owned.ref) for owned in self._owned.open() if owned.ref is not None]
        changed = self._watch.changed({ref.topic: ref.topic_id for _, ref in opened})
        for owned, ref in opened:
            if ref.topic in changed:
                self.reload(consumer, owned, "its topic was deleted and made again")

    def _open(self, consumer: Consumer, owned: OwnedPartition, ref: PartitionRef, committed: int | None) -> None:
        """Ask the handler where to begin, and begin there."""
        try:
            start = self._handler.assigned(ref, committed)
        except OutageError as error:
            self._not_opened(owned, error)
            return
        owned.ref = ref
        try:
            offset = self._in_range(owned, committed if start is None else start)
        except OutageError as error:
            self._release(owned, lost=True)
            self._not_opened(owned, error)
            return
        consumer.incremental_assign([owned.at(offset)])
        consumer.resume([owned.at(offset)])  # paused in an outage, it would still be: the library remembers
        owned.next_offset = max(offset, 0)
        log.info("partition opened", group=self._group, place=owned.place, offset=offset)

    def _not_opened(self, owned: OwnedPartition, error: OutageError) -> None:
        seconds = owned.backoff.failed()
        log.warning("not loaded", group=self._group, place=owned.place, problem=str(error), retry_in=seconds)

    def _committed(self, consumer: Consumer, due: Sequence[OwnedPartition]) -> dict[Place, TopicPartition]:
        doing = f"reading the commits of {self._group}"
        try:
            found = consumer.committed([TopicPartition(*owned.place) for owned in due], timeout=COMMITTED_TIMEOUT)
        except KafkaException as error:
            raise unavailable(doing, kafka_error(error)) from error
        for each in found:
            if each.error is not None:
                raise unavailable(doing, each.error)
        return {(each.topic, each.partition): each for each in found}

    def _in_range(self, owned: OwnedPartition, start: int | None) -> int:
        """Decision: an offset that the broker no longer has (retention) or never had (records lost, a topic made
        again) is told aloud, and reading begins at the earliest record there is. So nothing that exists is skipped.
        """
        if start is None:
            return OFFSET_BEGINNING
        low, high = self._lookups.watermarks([owned.place])[owned.place]
        if low <= start <= high:
            return start
        self._metrics.out_of_range.labels(self._group, owned.topic, owned.partition).inc()
        log.error("offset out of range", group=self._group, place=owned.place, offset=start, low=low, high=high)
        return low

    def _release(self, owned: OwnedPartition, *, lost: bool) -> None:
        ref, owned.ref = owned.ref, None
        if ref is not None:
            self._metrics.lag.remove(self._group, owned.topic, owned.partition)
            self._handler.released(ref, lost=lost)

    # Rebalances: called by the library inside `poll`, `consume` and `close`

    def on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.joined = True
        self._tell("assigned", partitions)
        for each in partitions:
            self._owned.add(each.topic, each.partition)
        consumer.incremental_assign([])  # each is assigned when it is opened

    def on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._tell("revoked", partitions)
        gone = self._taken_away(partitions)
        self._commits.now(consumer, gone)
        self._let_go(consumer, gone, lost=False)

    def on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.joined = False  # until the coordinator answers again
        self._tell("lost", partitions)
        self._let_go(consumer, self._taken_away(partitions), lost=True)

    def _taken_away(self, partitions: Sequence[TopicPartition]) -> list[OwnedPartition]:
        found = (self._owned.remove(each.topic, each.partition) for each in partitions)
        return [owned for owned in found if owned is not None]

    def _let_go(self, consumer: Consumer, gone: Sequence[OwnedPartition], *, lost: bool) -> None:
        opened = [owned for owned in gone if owned.ref is not None]
        consumer.incremental_unassign([TopicPartition(*owned.place) for owned in opened])
        for owned in opened:
            self._release(owned, lost=lost)

    def _tell(self, kind: str, partitions: Sequence[TopicPartition]) -> None:
        places = [f"{each.topic}/{each.partition}" for each in partitions]
        log.info("rebalance", group=self._group, kind=kind, partitions=places)
        self._metrics.rebalances.labels(self._group, kind).inc(len(partitions))


def _valid(committed: TopicPartition | None, ref: PartitionRef) -> int | None:
    """What is committed for this very topic; commits by other tools name no topic id and are believed."""
    if committed is None or committed.offset < 0 or (committed.metadata and committed.metadata != ref.topic_id):
        return None
    return committed.offset
