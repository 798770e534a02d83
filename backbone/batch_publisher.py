"""Publishing from a processor's thread: a batch is published when all of it is acknowledged."""

import functools
import threading
import time
from collections.abc import Sequence
from typing import cast

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka._types import HeadersType

from backbone.client_errors import ClientErrors
from backbone.errors import TOO_LARGE, KafkaUnavailable, RecordTooLarge, is_fatal, kafka_error, unavailable
from backbone.kafka_metrics import PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.record import Ack, OutRecord

log = structlog.get_logger(__name__)

WAIT_SECONDS = 0.2  # how often a wait looks at the stop event
LINGER_MS = 5  # `flush` sends at once, so this only lets a batch gather while it is produced


class _Batch:
    """The acknowledgements of one call of `publish`."""

    def __init__(self, count: int) -> None:
        self.acks: list[Ack | None] = [None] * count
        self.left = 0
        self.error: KafkaError | None = None
        self.too_large: RecordTooLarge | None = None

    def report(self, index: int, error: KafkaError | None, message: Message) -> None:
        self.left -= 1
        if error is None:
            self.acks[index] = Ack(message.topic() or "", message.partition() or 0, message.offset() or 0)
        elif error.code() in TOO_LARGE:
            self.too_large = self.too_large or RecordTooLarge(index, message.topic() or "")
        else:
            self.error = self.error or error


class BatchPublisher:
    """Threads take turns. No record is ever given up by time, for then a later one of the partition could pass it:
    readers would take it for a repeat when it came at last. So it waits, and only `stop` or a fatal error ends that.
    """

    def __init__(self, settings: KafkaSettings, metrics: PublisherMetrics, stop: threading.Event) -> None:
        self._settings = settings
        self._metrics = metrics
        self._errors = ClientErrors("publisher")
        self._stop = stop
        self._fatal: KafkaError | None = None
        self._turn = threading.Lock()
        self._producer = self._new_producer()

    def publish(self, records: Sequence[OutRecord]) -> list[Ack]:
        """Returns when all are acknowledged, in their order; the order of records with one key is kept.

        Raises:
            RecordTooLarge: one can never be taken. Those before it were published, those after it were not.
            OutageError: the process stops or the producer failed; some may have been published. Publish all again.
        """
        started = time.perf_counter()
        with self._turn:
            acks = self._publish(records)
        self._metrics.published.labels("acknowledged").inc(len(acks))
        self._metrics.seconds.observe(time.perf_counter() - started)
        return acks

    def close(self) -> None:
        """Give up what is queued; nothing is after a `publish` that returned."""
        self._producer.purge()
        self._flush(1.0)

    def _publish(self, records: Sequence[OutRecord]) -> list[Ack]:
        batch = _Batch(len(records))
        for index, record in enumerate(records):
            if not self._enqueue(batch, index, record):
                break
        while batch.left:
            self._serve(batch)
        return self._outcome(batch)

    def _enqueue(self, batch: _Batch, index: int, record: OutRecord) -> bool:
        """False: this record is too large, so those after it must not pass it."""
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    -1 if record.partition is None else record.partition,
                    on_delivery=functools.partial(batch.report, index),
                    headers=cast("HeadersType", record.headers),
                )
            except BufferError:
                self._serve(batch)
                continue
            except KafkaException as error:
                cause = kafka_error(error)
                if cause.code() not in TOO_LARGE:
                    raise self._abort(unavailable(f"publishing to {record.topic}", cause)) from error
                batch.too_large = RecordTooLarge(index, record.topic)
                return False
            batch.left += 1
            return True

    def _serve(self, batch: _Batch) -> None:
        """Wait a little for acknowledgements."""
        self._flush(WAIT_SECONDS)
        if self._fatal is not None:
            raise self._abort(unavailable("publishing", self._fatal))
        if batch.left and self._stop.is_set():
            raise self._abort(KafkaUnavailable("stopped while Kafka had not acknowledged all"))

    def _flush(self, seconds: float) -> None:
        try:
            self._producer.flush(seconds)
        except KafkaException as error:
            self._on_error(kafka_error(error))

    def _outcome(self, batch: _Batch) -> list[Ack]:
        if batch.error is not None:
            raise self._abort(unavailable("publishing", batch.error))
        if batch.too_large is not None:
            self._metrics.published.labels("too-large").inc()
            raise batch.too_large
        return [ack for ack in batch.acks if ack is not None]

    def _abort(self, outage: KafkaUnavailable) -> KafkaUnavailable:
        """Whatever went wrong, begin anew with nothing queued, so that the batch can be published again in order."""
        log.warning("publishing failed, the producer is replaced", problem=str(outage))
        self._metrics.published.labels("outage").inc()
        self.close()
        self._metrics.fatal.inc()
        self._fatal = None
        self._producer = self._new_producer()
        return outage

    def _on_error(self, error: KafkaError) -> None:
        self._errors.tell(error)
        if is_fatal(error):
            self._fatal = error

    def _new_producer(self) -> Producer:
        return Producer(
            self._settings.producer_config(
                {"linger.ms": LINGER_MS, "compression.type": "lz4"},
                {
                    "acks": "all",
                    "enable.idempotence": True,
                    "enable.gapless.guarantee": True,  # also no gap by a record that the broker refuses
                    "partitioner": "murmur2_random",
                    "message.timeout.ms": 0,
                    "error_cb": self._on_error,
                },
            )
        )
