"""What can be watched of the credential book and of the published keys."""

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


class JwksMetrics:
    """How fresh the published keys of tokens are."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.readings = Counter(
            "fleetcast_access_jwks_readings",
            "Readings of the identity provider's key set: read, or failed.",
            ["outcome"],
            registry=registry,
        )
        self.keys = Gauge("fleetcast_access_jwks_keys", "Published keys that are known.", registry=registry)
        self.read_at = Gauge(
            "fleetcast_access_jwks_read_timestamp_seconds", "When the key set was last read.", registry=registry
        )
