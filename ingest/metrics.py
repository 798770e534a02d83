"""What ingest counts. The books: received = the sum of all outcomes, accepted among them, the others are refusals."""

from collections import Counter as Tally

from prometheus_client import CollectorRegistry, Counter, Histogram

ACCEPTED = "accepted"
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class ItemMetrics:
    """Items of one kind: `pings`, `status_changes`, `reference`, `notifications`.

    A request that was refused before its items could be counted counts as one item.
    """

    def __init__(self, registry: CollectorRegistry, items: str) -> None:
        self._received = Counter(
            f"fleetcast_ingest_{items}_received_total", f"All {items} that came in.", registry=registry
        )
        self._outcomes = Counter(
            f"fleetcast_ingest_{items}_total",
            f"The {items} by what became of them: accepted (Kafka has it), or the problem that refused it.",
            ["outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            f"fleetcast_ingest_{items}_ack_seconds",
            "From the request's headers to its answer, of requests with items that Kafka acknowledged.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._accepted = self._outcomes.labels(ACCEPTED)

    def refused(self, problem: str, items: int) -> None:
        """A request was refused as a whole."""
        self._received.inc(items)
        self._outcomes.labels(problem).inc(items)

    def answered(self, outcomes: Tally[str], seconds: float) -> None:
        """A request's items had these outcomes."""
        self._received.inc(outcomes.total())
        for outcome, items in outcomes.items():
            if outcome == ACCEPTED:
                self._accepted.inc(items)
                self._seconds.observe(seconds)
            else:
                self._outcomes.labels(outcome).inc(items)


class IngestMetrics:
    """All that ingest counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pings = ItemMetrics(registry, "pings")
        self.status_changes = ItemMetrics(registry, "status_changes")
        self.reference = ItemMetrics(registry, "reference")
        self.notifications = ItemMetrics(registry, "notifications")
        self.requests = Counter(
            "fleetcast_ingest_requests_total",
            "Requests by route and status of the answer.",
            ["route", "status"],
            registry=registry,
        )
