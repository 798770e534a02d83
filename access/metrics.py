"""What can be watched of the credential book."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class BookMetrics:
    """Look-ups by outcome, and how fresh what is kept is."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lookups = Counter(
            "fleetcast_access_lookups",
            "Credentials looked up in PostgreSQL: found, unknown, or unavailable.",
            ["outcome"],
            registry=registry,
        )
        self.kept = Gauge("fleetcast_access_credentials_kept", "Credentials kept in memory.", registry=registry)
        self.confirmed = Gauge(
            "fleetcast_access_confirmed_timestamp_seconds",
            "When PostgreSQL was last asked, with success, what was revoked.",
            registry=registry,
        )
