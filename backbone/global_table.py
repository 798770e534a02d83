"""A compacted topic held in memory: whole before the first look-up, then kept fresh."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from backbone.backoff import Backoff
from backbone.errors import KafkaUnavailable
from backbone.kafka_settings import KafkaSettings
from backbone.lookups import Lookups, Place
from backbone.partition_fetcher import PartitionFetcher
from backbone.record import InRecord
from backbone.topic_ids import TopicIdWatch
from domain.errors import OutageError, PermanentError
from runtime.health import Condition

log = structlog.get_logger(__name__)

FETCH_WAIT_MS = 100
POLL_SECONDS = 0.2
BATCH_RECORDS = 2000
PROGRESS_EVERY = 5.0  # seconds between lines of the log while loading


class TableView(Protocol):
    """What a processor makes of the topic: its own index. `apply` is called in the table's thread only; look-ups in
    other threads see what was applied so far, so an update should replace values, not change them in place.
    """

    def apply(self, record: InRecord) -> None:
        """The newest record of its key so far; without a value (a tombstone) the key is gone.

        Raises PermanentError if it makes no sense: the table reports it and goes on with the next. OutageError: it
        cannot be read now (the registry is away), and comes again after a pause.
        """
        ...


class TableMetrics:
    """Of the global tables of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.records = Counter(
            "fleetcast_table_records_total", "Records read, by outcome.", ["topic", "outcome"], registry=registry
        )
        self.ready = Gauge("fleetcast_table_ready", "1 when the topic was read whole.", ["topic"], registry=registry)


class GlobalTable:
    """Run `run` in a thread of its own; `wait` in others before the first look-up.

    Each partition is read from its beginning to where it ended when the reading began; then the table is ready and
    stays so. `bad` gets what `apply` refused; if it raises OutageError it is called again after a pause.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topic: str,
        view: TableView,
        bad: Callable[[InRecord, PermanentError], object],
        metrics: TableMetrics,
        condition: Condition,
        *,
        check_topics_every: float = 10.0,
    ) -> None:
        self.name = f"kafka-table-{topic}"
        self._settings = settings
        self._topic = topic
        self._view = view
        self._bad = bad
        self._metrics = metrics
        self._condition = condition
        self._lookups = Lookups(settings)
        self._watch = TopicIdWatch(self._lookups, check_topics_every)
        self._ready = threading.Event()
        self._missing: dict[Place, int] = {}  # until ready: partitions not read up to this offset
        self._count = 0

    def wait(self, stop: threading.Event, poll: float = 0.2) -> bool:
        """Wait until the table is complete. False: `stop` came first."""
        while not stop.is_set():
            if self._ready.wait(poll):
                return True
        return False

    def run(self, stop: threading.Event) -> None:
        """Load, then keep fresh, until `stop`."""
        fetcher = PartitionFetcher(self._settings, wait_ms=FETCH_WAIT_MS)
        try:
            topic_id = self._begin(fetcher, stop)
            progress_at = time.monotonic() + PROGRESS_EVERY
            while not stop.is_set():
                self._take(fetcher, stop)
                if not self._ready.is_set() and time.monotonic() >= progress_at:
                    progress_at += PROGRESS_EVERY
                    log.info("table loading", topic=self._topic, records=self._count, partitions=len(self._missing))
                if self._watch.changed({self._topic: topic_id}):
                    # What the old topic held is in the index and no tombstone will come: only a new start is right.
                    raise KafkaUnavailable(f"topic {self._topic} was deleted and made again; the table starts anew")
        finally:
            self._condition.down("stopping")
            fetcher.close()

    def _begin(self, fetcher: PartitionFetcher, stop: threading.Event) -> str:
        backoff = Backoff(0.2, 5.0)
        while not stop.is_set():
            try:
                facts = self._lookups.topics([self._topic])[self._topic]
                marks = self._lookups.watermarks([(self._topic, number) for number in range(facts.partitions)])
            except OutageError as error:
                self._condition.down(str(error))
                seconds = backoff.failed()
                log.warning("table not begun", topic=self._topic, problem=str(error), retry_in=seconds)
                stop.wait(seconds)
                continue
            self._condition.down("loading")
            self._missing = {place: high for place, (low, high) in marks.items() if low < high}
            for place, (low, _) in marks.items():
                fetcher.assign(place, low)
            self._tell_if_ready()
            return facts.topic_id
        return ""

    def _take(self, fetcher: PartitionFetcher, stop: threading.Event) -> None:
        fetched = fetcher.fetch(BATCH_RECORDS, POLL_SECONDS)
        for record in fetched.records:
            self._apply(record, stop)
        for place, error in fetched.failures.items():
            # Compaction never deletes what a table needs, so the offset can only be wrong if the topic is another.
            raise KafkaUnavailable(f"reading {place[0]}/{place[1]}: {error.name()}: {error.str()}")
        if self._missing:
            reached = {(each.topic, each.partition): each.offset + 1 for each in fetched.records} | fetched.ends
            self._missing = {place: end for place, end in self._missing.items() if reached.get(place, 0) < end}
            self._tell_if_ready()

    def _apply(self, record: InRecord, stop: threading.Event) -> None:
        self._count += 1
        try:
            self._until_done(lambda: self._view.apply(record), "record not applied", stop)
        except PermanentError as error:
            bad = error
            self._metrics.records.labels(self._topic, bad.reason).inc()
            self._until_done(lambda: self._bad(record, bad), "bad record not reported", stop)
        else:
            self._metrics.records.labels(self._topic, "applied").inc()

    def _until_done(self, step: Callable[[], object], failed: str, stop: threading.Event) -> None:
        """Again after each OutageError, until it is done or the process stops."""
        backoff = Backoff(0.2, 5.0)
        while not stop.is_set():
            try:
                step()
            except OutageError as outage:
                seconds = backoff.failed()
                log.warning(failed, topic=self._topic, problem=str(outage), retry_in=seconds)
                stop.wait(seconds)
            else:
                return

    def _tell_if_ready(self) -> None:
        if self._missing or self._ready.is_set():
            return
        self._ready.set()
        self._metrics.ready.labels(self._topic).set(1)
        self._condition.up()
        log.info("table ready", topic=self._topic, records=self._count)
