"""The member of a consumer group: brings records to a handler in batches, and commits what the handler has done."""

import threading
import time
from collections.abc import Sequence

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from backbone.backoff import Backoff
from backbone.batch_handler import BatchHandler
from backbone.client_errors import ClientErrors
from backbone.errors import LostPartition, PartitionBlocked
from backbone.group_commits import GroupCommits
from backbone.group_options import GroupOptions
from backbone.group_partitions import GroupPartitions
from backbone.kafka_metrics import ConsumerMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.lookups import Lookups, Place
from backbone.owned_partitions import OwnedPartition, OwnedPartitions
from backbone.partition_ref import PartitionRef
from backbone.received import in_record, size_of
from backbone.record import InRecord
from domain.errors import OutageError
from runtime.health import Condition

__all__ = ["BatchHandler", "GroupConsumer", "GroupOptions", "LostPartition", "PartitionBlocked", "PartitionRef"]

log = structlog.get_logger(__name__)

# The library goes on by itself after errors; these name a partition whose reading has ended.
_READING_ENDED = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)  # noqa: SLF001 public constants in fact


class GroupConsumer:
    """Run `run` in a thread of its own (`ThreadService(name, consumer.run)`); it does not return before the stop.

    Records are handled in the order of their partition. What the handler has done is committed, at intervals and when
    a partition is taken away in good order; what it was given and has not done comes again to whoever has it next, and
    so does what waits for its time (`GroupOptions.due_at`).
    `condition` is up while this member has its share of partitions, all loaded, and no outage holds them up.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topics: Sequence[str],
        handler: BatchHandler,
        metrics: ConsumerMetrics,
        condition: Condition,
        options: GroupOptions | None = None,
    ) -> None:
        self.name = f"kafka-group-{group}"
        self._settings = settings
        self._group = group
        self._errors = ClientErrors("consumer", group=group)
        self._topics = list(topics)
        self._handler = handler
        self._metrics = metrics
        self._condition = condition
        self._options = options or GroupOptions()
        self._owned = OwnedPartitions(self._options)
        self._outage = Backoff(self._options.retry_first, self._options.retry_cap)
        self._outage_reason: str | None = None
        self._tick_at = 0.0
        self._commits = GroupCommits(group, self._owned, metrics, self._options.commit_every)
        self._partitions = GroupPartitions(
            group, self._owned, handler, self._commits, Lookups(settings), metrics, self._options
        )
        self._consumer: Consumer

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Raises what the handler raises, if it is none of what `BatchHandler` names."""
        self._consumer = self._new_consumer()
        partitions = self._partitions
        self._consumer.subscribe(
            self._topics, on_assign=partitions.on_assign, on_revoke=partitions.on_revoke, on_lost=partitions.on_lost
        )
        try:
            while not stop.is_set():
                self._turn()
        finally:
            self._condition.down("stopping")
            self._consumer.close()  # takes all partitions away, which commits

    def _turn(self) -> None:
        self._partitions.open_due(self._consumer)
        records = self._fetch() + self._take_waiting()  # of one partition, what is fetched for now comes first
        while records:
            records = self._handle(records)
        self._tick_when_due()
        self._pause_and_resume()
        if self._commits.due():
            self._commits.begin(self._consumer)
            self._show_lag()
        self._partitions.check_topics(self._consumer)
        self._report()

    # Fetching

    def _fetch(self) -> list[InRecord]:
        """What has arrived, after a wait for the first: `consume` alone would wait for the whole batch."""
        first = self._consumer.poll(min(self._options.poll_at_most, self._owned.next_wait(self._outage.wait())))
        if first is None:
            return []
        before = self._owner(first)
        messages = [first, *self._consumer.consume(max(1, self._options.batch_records - 1), 0)]
        # A rebalance can happen inside `consume`; the library drops outdated messages of its own list, not `first`.
        if self._owner(first) is not before:
            del messages[0]
        return self._received(messages)

    def _owner(self, message: Message) -> OwnedPartition | None:
        return self._owned.get(message.topic() or "", message.partition() or 0)

    def _received(self, messages: Sequence[Message]) -> list[InRecord]:
        """The records to handle now. Those that are not due wait, and so do others of a partition where some wait."""
        fresh: list[InRecord] = []
        for message in messages:
            error = message.error()
            owned = self._owner(message)
            if error is not None:
                self._on_message_error(error, owned)
                continue
            record = in_record(message)
            if owned is None or owned.ref is None or record.offset < owned.next_offset:
                continue
            owned.next_offset = record.offset + 1
            if owned.waiting or self._outage_reason is not None or self._owned.wait(record) > 0.0:
                owned.waiting.append(record)
            else:
                fresh.append(record)
        return fresh

    # Handling

    def _handle(self, records: list[InRecord]) -> list[InRecord]:
        """Hand over one batch. Returns the records that are still to be handled now."""
        batch, rest = self._bounded(records)
        started = time.perf_counter()
        try:
            self._handler.handle(batch)
        except LostPartition as error:
            self._partitions.reload(self._consumer, self._known(error.partition), "another process owns it")
            return _split(records, (error.partition.topic, error.partition.partition))[1]
        except PartitionBlocked as error:
            return self._block(self._known(error.partition), records, error.reason)
        except OutageError as error:
            self._put_off(records, error)
            return []
        self._metrics.handle_seconds.labels(self._group).observe(time.perf_counter() - started)
        self._metrics.batch_size.labels(self._group).observe(len(batch))
        self._done(batch)
        return rest

    def _tick_when_due(self) -> None:
        now = time.monotonic()
        if now < self._tick_at or self._outage_reason is not None:
            return
        self._tick_at = now + self._options.tick_every
        try:
            self._handler.tick()
        except LostPartition as error:
            self._partitions.reload(self._consumer, self._known(error.partition), "another process owns it")
        except OutageError as error:
            self._put_off([], error)
        else:
            self._outage.succeeded()

    def _bounded(self, records: list[InRecord]) -> tuple[list[InRecord], list[InRecord]]:
        limit, size = self._options.batch_records, 0
        for count, record in enumerate(records[:limit]):
            size += size_of(record)
            if size > self._options.batch_bytes and count:
                limit = count
                break
        return records[:limit], records[limit:]

    def _known(self, ref: PartitionRef) -> OwnedPartition:
        owned = self._owned.get(ref.topic, ref.partition)
        if owned is None or owned.ref != ref:
            raise RuntimeError(f"the handler named {ref}, which it does not have")
        return owned

    def _done(self, batch: Sequence[InRecord]) -> None:
        self._outage.succeeded()
        self._outage_reason = None
        for place, last in {(record.topic, record.partition): record for record in batch}.items():
            owned = self._owned.get(*place)
            if owned is not None:
                owned.done = last.offset + 1
                owned.backoff.succeeded()
        counts: dict[str, int] = {}
        for record in batch:
            counts[record.topic] = counts.get(record.topic, 0) + 1
        for topic, count in counts.items():
            self._metrics.records.labels(self._group, topic).inc(count)

    # What cannot go on for now

    def _take_waiting(self) -> list[InRecord]:
        if self._outage.wait() > 0.0:
            return []
        due = self._owned.take_due(self._options.batch_records)
        if not due:
            self._outage_reason = None  # what had met the outage was taken away; what comes next will tell
        return due

    def _put_off(self, records: Sequence[InRecord], error: OutageError) -> None:
        """All partitions are paused and keep what they were given; the polling and so the membership goes on."""
        seconds = self._outage.failed()
        self._outage_reason = str(error)
        self._metrics.outages.labels(self._group).inc()
        log.warning("outage", group=self._group, problem=str(error), retry_in=seconds, attempt=self._outage.attempts)
        rest = list(records)
        while rest:
            place = (rest[0].topic, rest[0].partition)
            put_off, rest = _split(rest, place)
            owned = self._owned.get(*place)
            if owned is not None:
                owned.waiting.put_back(put_off)

    def _block(self, owned: OwnedPartition, records: Sequence[InRecord], reason: str) -> list[InRecord]:
        seconds = owned.backoff.failed()
        log.warning("partition blocked", group=self._group, place=owned.place, problem=reason, retry_in=seconds)
        blocked, others = _split(records, owned.place)
        owned.waiting.put_back(blocked)
        return others

    def _pause_and_resume(self) -> None:
        for owned in self._owned.open():
            wanted = self._outage_reason is not None or self._owned.has_enough(owned)
            if wanted != owned.paused:
                change = self._consumer.pause if wanted else self._consumer.resume
                change([TopicPartition(*owned.place)])
                owned.paused = wanted

    # What is told

    def _on_message_error(self, error: KafkaError, owned: OwnedPartition | None) -> None:
        if error.fatal():
            raise KafkaException(error)
        if error.code() in _READING_ENDED and owned is not None and owned.ref is not None:
            self._metrics.out_of_range.labels(self._group, owned.topic, owned.partition).inc()
            self._partitions.reload(self._consumer, owned, "its offset is out of range")
            return
        self._errors.tell(error)

    def _show_lag(self) -> None:
        """From what the last fetches said, which costs nothing."""
        for owned in self._owned.open():
            _, high = self._consumer.get_watermark_offsets(TopicPartition(*owned.place), cached=True)
            if high >= 0:
                done = owned.next_offset if owned.done is None else owned.done
                self._metrics.lag.labels(self._group, owned.topic, owned.partition).set(max(0, high - done))

    def _report(self) -> None:
        self._metrics.partitions.labels(self._group).set(len(self._owned))
        if not self._partitions.joined:
            self._condition.down("is not in its group")
        elif self._outage_reason is not None:
            self._condition.down(self._outage_reason)
        elif unopened := self._owned.unopened():
            self._condition.down(f"{len(unopened)} partitions are not loaded yet")
        else:
            self._condition.up()

    def _new_consumer(self) -> Consumer:
        options = self._options
        return Consumer(
            self._settings.consumer_config(
                {
                    "session.timeout.ms": int(options.session * 1000),
                    "heartbeat.interval.ms": int(options.session * 250),
                    "max.poll.interval.ms": int(max(options.longest_batch, options.session) * 1000),
                    "queued.min.messages": 10_000,
                    "queued.max.messages.kbytes": 16 * 1024,
                    "fetch.wait.max.ms": int(options.gather * 1000),
                    "fetch.min.bytes": options.gather_bytes,
                },
                {
                    "group.id": self._group,
                    "enable.auto.commit": False,
                    "enable.auto.offset.store": False,
                    "auto.offset.reset": "error",
                    "partition.assignment.strategy": "cooperative-sticky",
                    "on_commit": self._commits.ended,
                    "error_cb": self._errors.tell,
                },
            )
        )


def _split(records: Sequence[InRecord], place: Place) -> tuple[list[InRecord], list[InRecord]]:
    """Those of one partition, and the others; each in order."""
    inside = [record for record in records if (record.topic, record.partition) == place]
    return inside, [record for record in records if (record.topic, record.partition) != place]
