"""Alarms of one channel: what a person has to repair. While one is on, no push token is deactivated."""

import time
from collections.abc import Callable

import structlog

from push_service.senders.metrics import SendersMetrics
from runtime.health import Condition

log = structlog.get_logger(__name__)

MOST_REASONS = 20
"""Beside them all others are `other`: reasons are the provider's words, and label a metric."""


class Alarms:
    """Told by a metric, the log and a readiness condition.

    A fault of a single message (`fault`) is told too, but leaves the process ready.
    """

    def __init__(
        self,
        provider: str,
        metrics: SendersMetrics,
        condition: Condition,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._metrics = metrics
        self._condition = condition
        self._clock = clock
        self._on: dict[str, float] = {}
        self._known: set[str] = set()
        condition.up()

    @property
    def on(self) -> list[str]:
        """The reasons of those that are on."""
        return list(self._on)

    def misconfigured(self, reason: str, detail: str) -> None:
        """Nothing, or a part of everything, can be sent."""
        self._raise(reason, detail)
        self._condition.down(f"{reason}: {detail}")

    def fault(self, reason: str, detail: str) -> None:
        """The provider refused what we built."""
        self._raise(reason, detail)

    def works(self, began: float) -> None:
        """The provider accepted what was sent by a call that began then (of this clock): it has been repaired."""
        if not self._on:
            return
        ended = [reason for reason, since in self._on.items() if began > since]
        for reason in ended:
            del self._on[reason]
            self._metrics.alarm.labels(self._provider, reason).set(0)
            log.info("alarm ended", provider=self._provider, reason=reason)
        if ended and not self._on:
            self._condition.up()

    def _raise(self, reason: str, detail: str) -> None:
        if reason not in self._known and len(self._known) >= MOST_REASONS:
            reason = "other"
        self._known.add(reason)
        if reason not in self._on:
            log.error("alarm", provider=self._provider, reason=reason, detail=detail)
            self._metrics.alarm.labels(self._provider, reason).set(1)
        self._on[reason] = self._clock()
