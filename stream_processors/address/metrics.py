"""What `address` counts."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from domain.instants import SECOND
from domain.notification import NotificationRequest
from stream_processors.lag_buckets import LAG_SECONDS

USERS = "users"
INSTALLATION = "installation"
INTEREST = "interest"
SCHEDULED = "scheduled"
"""It is not due yet, and waits in the database."""


class AddressMetrics:
    """Counted once the batch is done, so that a batch that comes again is not counted twice."""

    def __init__(self, registry: CollectorRegistry) -> None:
        requests = Counter(
            "fleetcast_address_requests_total",
            "Requests done, by how they were addressed; of an interest each chunk of followers counts.",
            ["outcome"],
            registry=registry,
        )
        self._requests = {outcome: requests.labels(outcome) for outcome in (USERS, INSTALLATION, INTEREST, SCHEDULED)}
        self.notifications = Counter(
            "fleetcast_address_notifications_total", "Notifications made, one for each user.", registry=registry
        )
        self._lag = Histogram(
            "fleetcast_address_receipt_lag_seconds",
            "From the receipt of a request to its notifications, or its first chunk of them, being acknowledged.",
            buckets=LAG_SECONDS,
            registry=registry,
        )

    def done(self, request: NotificationRequest, outcome: str, now: float) -> None:
        """A request was dealt with at `now`, in seconds since the epoch."""
        self._requests[outcome].inc()
        if outcome != SCHEDULED and request.after is None:
            self._lag.observe(max(0.0, now - request.content.accepted_at / SECOND))
