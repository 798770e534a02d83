"""Receipts become delivery steps."""

import datetime
import time
from collections.abc import Callable, Sequence

import structlog

from backbone.batch_handler import BatchHandler
from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.partition_ref import PartitionRef
from backbone.record import InRecord
from domain.delivery_step import PushReceipt
from domain.errors import OutageError, PermanentError
from domain.instants import HOUR, SECOND, Micros
from push_service.dispatcher.delivery_metrics import TimelineMetrics
from runtime.fail_points import Reached, never
from storage.postgres.delivery_days import DeliveryDays
from storage.timeline import StepStore

log = structlog.get_logger(__name__)

GROUP = "timeline"
DAYS_AHEAD = 2
"""Today and tomorrow: partitions are made before anybody writes to them."""
LATEST: Micros = 32_503_680_000 * SECOND
"""The year 3000: a receipt of later is nonsense, and one of before 1970, too."""


class TimelineHandler(BatchHandler):
    """What comes again is there already: no state of its own."""

    def __init__(
        self,
        *,
        codec: AvroCodec,
        steps: StepStore,
        days: DeliveryDays,
        letters: DeadLetters,
        metrics: TimelineMetrics,
        clock: Callable[[], Micros] = lambda: time.time_ns() // 1000,
        reached: Reached = never,
    ) -> None:
        self._codec = codec
        self._steps = steps
        self._days = days
        self._letters = letters
        self._metrics = metrics
        self._clock = clock
        self._reached = reached
        self._look_at_days_at: Micros = 0

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:  # noqa: ARG002
        """Begins where the group has committed."""
        self._make_days()
        return None

    def handle(self, records: Sequence[InRecord]) -> None:
        """See BatchHandler."""
        receipts = [receipt for receipt in map(self._read, records) if receipt is not None]
        new = self._steps.store(receipts)
        self._reached("timeline.stored")
        self._metrics.receipts.labels("stored").inc(new)
        self._metrics.receipts.labels("repeat").inc(len(receipts) - new)

    def tick(self) -> None:
        """Days go by although no record comes."""
        self._make_days()

    def released(self, partition: PartitionRef, *, lost: bool) -> None:
        """Nothing to forget."""

    def _make_days(self) -> None:
        """Once an hour. What fails is tried again in the next hour: until then the default partition takes all."""
        now = self._clock()
        if now < self._look_at_days_at:
            return
        self._look_at_days_at = now + HOUR
        today = datetime.datetime.fromtimestamp(now / SECOND, datetime.UTC).date()
        try:
            for day in self._days.missing(today, DAYS_AHEAD):
                moved = self._days.make(day)
                log.info("partition made", day=day.isoformat(), moved=moved)
        except OutageError as error:
            log.warning("partition not made", problem=str(error))

    def _read(self, record: InRecord) -> PushReceipt | None:
        try:
            return _plausible(self._codec.decode(record.value or b"", PushReceipt))
        except PermanentError as error:
            self._letters.bury(record, error)
            self._metrics.receipts.labels("dead_letter").inc()
            return None


def _plausible(receipt: PushReceipt) -> PushReceipt:
    if not 0 <= receipt.at < LATEST:
        raise PermanentError("implausible-time", "the receipt's time is before 1970 or after 3000")
    return receipt
