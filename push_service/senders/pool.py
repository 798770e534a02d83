"""Calls a provider, many at a time, within all bounds."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog

from backbone.group_options import now_micros
from domain.instants import Micros
from domain.push_request import PushRequest
from push_service.senders.alarms import Alarms
from push_service.senders.circuit import Circuit, Permit
from push_service.senders.hygiene import Hygiene
from push_service.senders.metrics import CallMetrics, SendersMetrics
from push_service.senders.pace import Pace
from push_service.senders.sender import (
    Accepted,
    Ambiguous,
    Misconfigured,
    OurFault,
    Outcome,
    Scope,
    Sender,
    Temporary,
    Throttled,
    TokenMoved,
)
from push_service.senders.settings import SendersSettings
from push_service.senders.time_limit import Limited, TimeLimit
from runtime.token_bucket import KeyedBuckets

log = structlog.get_logger(__name__)


class Call(msgspec.Struct, frozen=True):
    """What became of one push."""

    outcome: Outcome
    at: Micros
    """When it was known."""
    made: bool = True
    """False: the provider was not called, for our own limits."""


class Pool:
    """One provider's. After `stopping` is set no call is begun any more; those that are under way end."""

    def __init__(
        self,
        provider: str,
        sender: Sender,
        settings: SendersSettings,
        alarms: Alarms,
        metrics: SendersMetrics,
        stopping: threading.Event,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], Micros] = now_micros,
    ) -> None:
        self.circuit = Circuit(
            after=settings.pause_after, first=settings.pause_seconds, longest=settings.longest_pause_seconds
        )
        self.hygiene = Hygiene(alarms, settings.doubtful_share)
        self.pace = Pace(start=settings.start_rate, most=settings.rate, doubles=settings.rate_doubles, clock=clock)
        self._provider = provider
        self._sender = sender
        self._concurrency = settings.concurrency
        self._alarms = alarms
        self._metrics = CallMetrics(metrics, provider)
        self._clock = clock
        self._now = now
        self._limit = TimeLimit(settings.send_seconds)
        self._installations = KeyedBuckets(settings.installations)
        self._rate, self._burst = settings.installation_rate, float(settings.installation_burst)
        self.stopping = stopping

    async def send_all(self, pushes: Sequence[PushRequest]) -> list[Call | None]:
        """One answer for each, in their order; None: not called, since the provider is paused or this pool stops.

        Those of one installation follow each other: of two that replace each other, the later must come later.
        """
        calls: list[Call | None] = [None] * len(pushes)
        by_installation: dict[str, list[int]] = {}
        for index, push in enumerate(pushes):
            by_installation.setdefault(push.key, []).append(index)
        waiting = iter(by_installation.items())

        async def work() -> None:
            limited = self._limit.of_task()
            for installation, indexes in waiting:  # shared by all workers
                for index in indexes:
                    calls[index] = await self._send(pushes[index], installation, limited)

        async with asyncio.TaskGroup() as workers:
            for _ in range(min(self._concurrency, len(by_installation))):
                workers.create_task(work())
        self._metrics.tell(paused=not self.circuit.closed)
        return calls

    async def _send(self, push: PushRequest, installation: str, limited: Limited) -> Call | None:
        if self.stopping.is_set():
            return None
        now = self._clock()
        wait = self._installations.take(installation, 1, now, rate=self._rate, burst=self._burst)
        if wait > 0.0:
            return Call(Throttled("installation-rate", wait, Scope.DEVICE), self._now(), made=False)
        if self.circuit.closed and not self.pace.free(now):
            await self.pace.turn()
            now = self._clock()
        if self.circuit.permit(now) is Permit.NONE or self.stopping.is_set():
            return None
        return Call(await self._call(push, now, limited), self._now())

    async def _call(self, push: PushRequest, began: float, limited: Limited) -> Outcome:
        outcome: Outcome
        try:
            with limited:
                outcome = await self._sender.send(push)
        except TimeoutError:
            outcome = Ambiguous("timeout")
        except Exception as error:
            log.exception("the sender failed", provider=self._provider)
            outcome = OurFault("sender-failed", type(error).__name__)
        now = self._clock()
        self._metrics.called(outcome, now - began)
        self.hygiene.note(outcome)
        if isinstance(outcome, Accepted):
            self._works(outcome, began)
        else:
            self._learn(outcome, began, now)
        return outcome

    def _learn(self, outcome: Outcome, began: float, now: float) -> None:
        """What one answer says about the whole channel."""
        match outcome:
            case Misconfigured(reason=reason, detail=detail):
                self._alarms.misconfigured(reason, detail)
                if outcome.stops:
                    self.circuit.stops(reason, began, now)
                else:
                    self._works(outcome, began)
            case Throttled(reason=reason, scope=Scope.PROJECT):
                self.circuit.stops(reason, began, now, outcome.retry_after)
            case Temporary(reason=reason) | Ambiguous(reason=reason):
                self.circuit.fails(reason, began, now)
            case _:
                self._works(outcome, began)

    def _works(self, outcome: Outcome, began: float) -> None:
        if isinstance(outcome, (Accepted, TokenMoved)):
            self._alarms.works(began)
        elif isinstance(outcome, OurFault):
            self._alarms.fault(outcome.reason, outcome.detail)
        if self.circuit.works(began):
            self.pace.restart()
