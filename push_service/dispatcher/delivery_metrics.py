"""What is counted of deadlines, of what was due later, and of the timeline."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class PendingMetrics:
    """Of pushes whose acknowledgement did not come in time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "fleetcast_dispatcher_pending_requests",
            "Push requests made because no acknowledgement came in time.",
            registry=registry,
        )
        self.overdue_seconds = Histogram(
            "fleetcast_dispatcher_pending_overdue_seconds",
            "How long after its deadline a notification was looked at.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
            registry=registry,
        )


class TimerMetrics:
    """Of what waits for hours."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "fleetcast_dispatcher_scheduled_requests",
            "Scheduled requests that were due, by outcome: produced, unreadable, refused.",
            ["outcome"],
            registry=registry,
        )
        self.late_seconds = Gauge(
            "fleetcast_dispatcher_scheduled_late_seconds",
            "How late the oldest of the last scheduled requests was produced.",
            registry=registry,
        )


class TimelineMetrics:
    """Of receipts that become delivery steps."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.receipts = Counter(
            "fleetcast_timeline_receipts",
            "Receipts by outcome: stored, repeat, dead_letter.",
            ["outcome"],
            registry=registry,
        )
