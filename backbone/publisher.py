"""Publishing from the event loop: many requests, one producer, one thread that serves its delivery reports."""

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Sequence
from typing import cast

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka._types import HeadersType

from backbone.client_errors import ClientErrors
from backbone.errors import is_fatal, kafka_error
from backbone.kafka_metrics import PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.publishing import ABANDONED, NO_PRODUCER, QUEUE_FULL, STOPPING, PublishFailed, publish_failed
from backbone.reachability import Reachability
from backbone.record import Ack, OutRecord
from runtime.health import Condition
from runtime.supervision import ThreadService

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.1
FLUSH_SECONDS = 5.0  # what records get to be acknowledged when the process stops
PURGE_SECONDS = 1.0  # what it takes to report the rest as given up
RECORD_OVERHEAD = 512  # bytes counted for a record's headers and bookkeeping
LINGER_MS = 2  # measured in benchmarks/backbone_cost.py

Outcome = Ack | PublishFailed


class _Call:
    """One call of `publish`. Touched by the event loop only."""

    __slots__ = ("done", "left", "outcomes", "started")

    def __init__(self, count: int, done: asyncio.Future[None]) -> None:
        self.outcomes: list[Outcome] = [ABANDONED] * count
        self.left = count
        self.done = done
        self.started = time.perf_counter()


_Report = tuple[_Call, int, int, Outcome]  # call, index of the record in it, counted bytes, what became of it


class AsyncPublisher:
    """Publishes to `topics`; a service whose `run` must be running for records to be acknowledged.

    What waits for Kafka is bounded in records and bytes, and each record in time (`KafkaSettings.delivery_seconds`);
    what does not fit is answered at once. `condition` is up while records can be published.
    """

    name = "kafka-publisher"

    def __init__(
        self, settings: KafkaSettings, topics: Sequence[str], metrics: PublisherMetrics, condition: Condition
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._errors = ClientErrors("publisher")
        self._reachability = Reachability(topics, condition)
        self._producer: Producer | None = None
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: set[_Call] = set()
        self._records = 0  # in flight, counted by the loop
        self._bytes = 0
        self._reports: list[_Report] = []  # filled and emptied by the serving thread
        self._fatal = threading.Event()
        self._acknowledged = metrics.published.labels("acknowledged")
        metrics.in_flight.set_function(lambda: self._records)  # asked at a scrape, so that a record costs nothing
        metrics.in_flight_bytes.set_function(lambda: self._bytes)

    async def publish(self, records: Sequence[OutRecord]) -> list[Outcome]:
        """One answer for each record, in their order; the order of records with one key is kept.

        It never blocks the loop and never raises for a record. A cancelled call's records may be published.
        """
        if not records:
            return []
        call = _Call(len(records), asyncio.get_running_loop().create_future())
        producer = self._producer
        for index, record in enumerate(records):
            failure = self._enqueue(producer, call, index, record)
            if failure is not None:
                call.outcomes[index] = failure
                call.left -= 1
                self._metrics.published.labels(failure.reason).inc()
        if call.left:
            self._open.add(call)
            await call.done
        return call.outcomes

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve delivery reports until told to stop; then wait a few seconds for those that are due."""
        self._loop = asyncio.get_running_loop()
        self._producer = self._new_producer()
        probe = ThreadService(f"{self.name}-probe", functools.partial(self._reachability.watch, lambda: self._producer))
        serve = ThreadService(self.name, self._serve)
        async with asyncio.TaskGroup() as both:
            both.create_task(serve.run(stopping))
            both.create_task(probe.run(stopping))

    def _enqueue(self, producer: Producer | None, call: _Call, index: int, record: OutRecord) -> PublishFailed | None:
        """Give the record to the producer, which only queues it. None: its report will come."""
        if producer is None:
            return STOPPING if self._stopping else NO_PRODUCER
        size = len(record.value or b"") + len(record.key or b"") + RECORD_OVERHEAD
        if self._records >= self._settings.in_flight_records or self._bytes + size > self._settings.in_flight_bytes:
            return QUEUE_FULL
        try:
            producer.produce(
                record.topic,
                record.value,
                record.key,
                -1 if record.partition is None else record.partition,
                on_delivery=functools.partial(self._on_delivery, call, index, size),
                headers=cast("HeadersType", record.headers),
            )
        except BufferError:
            return QUEUE_FULL
        except KafkaException as error:
            return self._not_queued(kafka_error(error))
        self._records += 1
        self._bytes += size
        return None

    def _not_queued(self, error: KafkaError) -> PublishFailed:
        if is_fatal(error):
            self._fatal.set()
            return NO_PRODUCER
        return publish_failed(error)

    def _settle(self, reports: Sequence[_Report]) -> None:
        """On the loop: hand the outcomes to their calls."""
        acknowledged = 0
        for call, index, size, outcome in reports:
            self._records -= 1
            self._bytes -= size
            call.outcomes[index] = outcome
            call.left -= 1
            if isinstance(outcome, Ack):
                acknowledged += 1
            else:
                self._metrics.published.labels(outcome.reason).inc()
            if call.left == 0:
                self._finish(call)
        self._acknowledged.inc(acknowledged)

    def _finish(self, call: _Call) -> None:
        self._open.discard(call)
        self._metrics.seconds.observe(time.perf_counter() - call.started)
        if not call.done.done():
            call.done.set_result(None)

    def _adopt(self, producer: Producer | None) -> None:
        """On the loop: the old producer is gone, and so is what it still had to report."""
        for call in list(self._open):
            self._finish(call)
        self._records = self._bytes = 0
        self._producer = producer

    # The rest runs in the serving thread.

    def _serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            producer = self._producer
            if producer is None:
                stop.wait(POLL_SECONDS)
                continue
            self._serve_reports(functools.partial(producer.poll, POLL_SECONDS))
            if self._fatal.is_set():
                self._replace(producer)
        self._stop()

    def _serve_reports(self, serve: Callable[[], int]) -> None:
        try:
            serve()
        except KafkaException as error:
            self._on_error(kafka_error(error))
        self._hand_over()

    def _on_delivery(self, call: _Call, index: int, size: int, error: KafkaError | None, message: Message) -> None:
        outcome: Outcome
        if error is None:
            outcome = Ack(message.topic() or "", message.partition() or 0, message.offset() or 0)
        else:
            outcome = publish_failed(error)
        self._reports.append((call, index, size, outcome))

    def _hand_over(self) -> None:
        """One call into the loop for all reports of one poll."""
        if not self._reports:
            return
        reports, self._reports = self._reports, []
        last = reports[-1][3]
        if isinstance(last, Ack):
            self._reachability.delivered()
        elif last.retryable:
            self._reachability.timed_out()
        self._call_on_loop(functools.partial(self._settle, reports))

    def _replace(self, old: Producer) -> None:
        """After a fatal error a producer does nothing any more: destroy it, build a new one."""
        log.error("producer failed for good and is replaced")
        self._metrics.fatal.inc()
        self._reachability.down("the producer is being replaced")
        self._producer = None
        old.purge()
        self._serve_reports(functools.partial(old.flush, PURGE_SECONDS))
        self._fatal.clear()
        self._call_on_loop(functools.partial(self._adopt, self._new_producer()))

    def _stop(self) -> None:
        producer, self._producer, self._stopping = self._producer, None, True
        if producer is None:
            return
        self._serve_reports(functools.partial(producer.flush, FLUSH_SECONDS))
        if len(producer):
            log.warning("records were not acknowledged before the end", records=len(producer))
            producer.purge()
            self._serve_reports(functools.partial(producer.flush, PURGE_SECONDS))
        self._call_on_loop(functools.partial(self._adopt, None))

    def _call_on_loop(self, function: functools.partial[None]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            log.warning("the event loop ended before the publisher")

    def _on_error(self, error: KafkaError) -> None:
        self._errors.tell(error)
        if is_fatal(error):
            self._fatal.set()
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 a public constant in fact
            self._reachability.down("no broker can be reached")

    def _new_producer(self) -> Producer:
        settings = self._settings
        return Producer(
            settings.producer_config(
                {
                    "linger.ms": LINGER_MS,
                    "compression.type": "lz4",
                    "queue.buffering.max.messages": settings.in_flight_records,
                    "queue.buffering.max.kbytes": settings.in_flight_bytes // 1024,
                },
                {
                    "acks": "all",
                    "enable.idempotence": True,
                    "partitioner": "murmur2_random",
                    "message.timeout.ms": int(settings.delivery_seconds * 1000),
                    "error_cb": self._on_error,
                },
            )
        )
