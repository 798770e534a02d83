"""What waits for hours comes back: scheduled requests that are due go to Kafka, and are marked only then."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog

from backbone.backoff import Backoff
from backbone.codec import AvroCodec
from backbone.headers import event_headers
from backbone.publishing import AsyncPublishing, PublishFailed
from backbone.record import OutRecord
from backbone.topics import NOTIFICATION_REQUESTS
from domain.errors import OutageError, PermanentError
from domain.instants import SECOND, Micros
from domain.notification import NotificationRequest
from push_service.dispatcher.delivery_metrics import TimerMetrics
from push_service.dispatcher.receipts import SOURCE
from runtime.fail_points import Reached, never
from storage.scheduled import Due, ScheduledLeasing

log = structlog.get_logger(__name__)

LEASE_SECONDS = 30.0
"""Longer than Kafka may take for a batch. What was leased by a process that died comes back after this."""
RETRY_FIRST = 0.5
RETRY_CAP = 10.0


class Timer:
    """A service. Several processes share the work by leases.

    Produced and not yet marked when the process dies, a request is produced once more: it has the same id, and is
    recognised by what was decided of it (phases `push`, `digest`) or as a duplicate (`show`).
    """

    name = "timer"

    def __init__(
        self,
        scheduled: ScheduledLeasing,
        publisher: AsyncPublishing,
        codec: AvroCodec,
        metrics: TimerMetrics,
        *,
        every: float = 1.0,
        batch: int = 500,
        clock: Callable[[], Micros] = lambda: time.time_ns() // 1000,
        reached: Reached = never,
    ) -> None:
        """`every`: seconds between two looks when nothing more is due. `batch`: most requests leased at once."""
        self._scheduled = scheduled
        self._publisher = publisher
        self._codec = codec
        self._metrics = metrics
        self._every = every
        self._batch = batch
        self._clock = clock
        self._reached = reached

    async def run(self, stopping: asyncio.Event) -> None:
        """See Service."""
        backoff = Backoff(RETRY_FIRST, RETRY_CAP)
        while not stopping.is_set():
            try:
                more = await self.turn()
            except OutageError as error:
                seconds = backoff.failed()
                log.warning("scheduled requests have to wait", problem=str(error), retry_in=seconds)
            else:
                backoff.succeeded()
                seconds = 0.0 if more else self._every
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), seconds)

    async def turn(self) -> bool:
        """Lease, produce, mark. Returns whether more may be due. Raises OutageError: what is leased comes back."""
        due = await self._scheduled.lease(self._batch, LEASE_SECONDS)
        if not due:
            self._metrics.late_seconds.set(0)
            return False
        self._metrics.late_seconds.set(max(0, self._clock() - due[0].due_at) / SECOND)
        self._reached("timer.leased")
        produced, given_up, problem = await self._produce(due)
        self._reached("timer.produced")
        await self._scheduled.done([*produced, *given_up])
        self._metrics.requests.labels("produced").inc(len(produced))
        if problem is not None:
            raise OutageError(problem)
        return len(due) >= self._batch

    async def _produce(self, due: Sequence[Due]) -> tuple[list[Due], list[Due], str | None]:
        """Those that Kafka has, those that it can never take, and what went wrong with the others."""
        records, sent = [], []
        given_up: list[Due] = []
        for each in due:
            record = self._record(each)
            if record is None:
                given_up.append(each)
            else:
                records.append(record)
                sent.append(each)
        answers = await self._publisher.publish(records) if records else []
        produced: list[Due] = []
        problem = None
        for each, answer in zip(sent, answers, strict=True):
            if not isinstance(answer, PublishFailed):
                produced.append(each)
            elif answer.retryable:
                problem = answer.detail
            else:
                self._give_up(each, "refused", answer.detail)
                given_up.append(each)
        return produced, given_up, problem

    def _record(self, due: Due) -> OutRecord | None:
        if due.request is None:
            self._give_up(due, "unreadable", "not a request")
            return None
        try:
            return request_record(self._codec, due.request)
        except PermanentError as error:
            self._give_up(due, "unreadable", str(error))
            return None

    def _give_up(self, due: Due, outcome: str, problem: str) -> None:
        self._metrics.requests.labels(outcome).inc()
        log.error("scheduled request given up", tenant=due.tenant, id=due.id, outcome=outcome, problem=problem)


def request_record(codec: AvroCodec, request: NotificationRequest) -> OutRecord:
    """A request as it is produced when its time has come: nothing puts it off again."""
    now = msgspec.structs.replace(request, send_at=None)
    return OutRecord(
        topic=NOTIFICATION_REQUESTS.name,
        key=now.key.encode(),
        value=codec.encode(NOTIFICATION_REQUESTS, now),
        headers=event_headers(now.id, "fleetcast.notification-request", SOURCE, now.content.created_at, None),
    )
