"""What the dispatcher counts of notifications."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram

from domain.instants import SECOND, Micros
from domain.push_state import PushState


class DispatcherMetrics:
    """Counted once the batch is done, so that a batch that comes again is not counted twice."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.notifications = Counter(
            "fleetcast_dispatcher_notifications",
            "Notifications: new, correction, outdated, duplicate, again (done before by us), returned (their push was "
            "put off), dead_letter.",
            ["outcome"],
            registry=registry,
        )
        self._pushes = Counter(
            "fleetcast_dispatcher_pushes",
            "What was decided about the pushes of notifications that were stored, by state.",
            ["state"],
            registry=registry,
        )
        self._lag = Histogram(
            "fleetcast_dispatcher_lag_seconds",
            "From the platform taking a request in to its notification being stored, shown and decided.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
            registry=registry,
        )

    def stored(self, states: Iterable[PushState]) -> None:
        """What was decided about them."""
        counts: dict[PushState, int] = {}
        for state in states:
            counts[state] = counts.get(state, 0) + 1
        for state, count in counts.items():
            self._pushes.labels(state.value).inc(count)

    def told(self, accepted: Iterable[Micros], now: Micros) -> None:
        """Those that were accepted then are told."""
        for each in accepted:
            self._lag.observe(max(0, now - each) / SECOND)
