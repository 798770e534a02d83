"""What the gateway counts and times."""

import enum
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.instants import SECOND
from push_service.gateway.delivery.publication import Publication

_LATENCY_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class ConnectOutcome(enum.StrEnum):
    """What became of an attempt to connect."""

    ACCEPTED = "accepted"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 a label
    TOKEN_INVALID = "token_invalid"  # noqa: S105 a label
    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105 a label
    """Its key may have been published since: the client is asked to come again."""
    REFUSED = "handshake_refused"
    TOO_MANY = "too_many_sockets"
    STALE = "stale"


class SubscribeOutcome(enum.StrEnum):
    """What became of a subscribe."""

    SNAPSHOT = "snapshot"
    RECOVERED = "recovered"
    NOT_RECOVERED = "not_recovered"
    DENIED = "denied"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    ABANDONED = "abandoned"


class GatewayMetrics:
    """All metrics of the gateway."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._event_to_write = Histogram(
            "fleetcast_gateway_event_to_write_seconds",
            "From the device's time to the last socket write of a publication on a channel.",
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self._receipt_to_write = Histogram(
            "fleetcast_gateway_receipt_to_write_seconds",
            "From receipt by ingest to the last socket write of a publication on a channel.",
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self._deliveries = Counter(
            "fleetcast_gateway_deliveries", "Publications written or queued, for each subscriber.", registry=registry
        )
        connects = Counter(
            "fleetcast_gateway_connects", "Attempts to connect, by outcome.", ["outcome"], registry=registry
        )
        subscribes = Counter("fleetcast_gateway_subscribes", "Subscribes, by outcome.", ["outcome"], registry=registry)
        self._connects = {outcome: connects.labels(outcome) for outcome in ConnectOutcome}
        self._subscribes = {outcome: subscribes.labels(outcome) for outcome in SubscribeOutcome}
        self.disconnects = Counter(
            "fleetcast_gateway_disconnects", "Connections that we closed, by code.", ["code"], registry=registry
        )
        self.conflated = Counter(
            "fleetcast_gateway_conflated",
            "Queued positions that gave way to newer ones of the same entity.",
            registry=registry,
        )
        self.sockets = Gauge("fleetcast_gateway_sockets", "Open WebSockets.", registry=registry)
        self.streams = Gauge(
            "fleetcast_gateway_streams",
            "Open responses that stream, where no WebSocket gets through.",
            registry=registry,
        )
        self.subscriptions = Gauge(
            "fleetcast_gateway_subscriptions", "Subscriptions of open connections.", registry=registry
        )
        self.partitions = Gauge("fleetcast_gateway_partitions", "Partitions that are read.", registry=registry)
        self.log_bytes = Gauge(
            "fleetcast_gateway_log_bytes", "Memory that partition logs hold, about.", registry=registry
        )
        self.scan_seconds = Histogram(
            "fleetcast_gateway_scan_seconds",
            "One look through a partition for what clients missed before the log begins.",
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self.repeats = Counter(
            "fleetcast_gateway_repeats", "Live records skipped as repeats of their source.", registry=registry
        )
        self.undecodable = Counter(
            "fleetcast_gateway_undecodable", "Live records skipped because they cannot be read.", registry=registry
        )

        self.joins_untold = Counter(
            "fleetcast_gateway_joins_untold", "Joins and leaves that could not be published.", registry=registry
        )

        self.receipts_untold = Counter(
            "fleetcast_gateway_receipts_untold",
            "Receipts of notifications that could not be published.",
            registry=registry,
        )

        self.api_requests = Counter(
            "fleetcast_gateway_api_requests",
            "Requests of the server API, by method and outcome: ok, or the code of the error.",
            ["method", "outcome"],
            registry=registry,
        )
        self.orders = Counter(
            "fleetcast_gateway_orders", "Orders of back ends to all gateways, read here.", ["kind"], registry=registry
        )

    def connect(self, outcome: ConnectOutcome) -> None:
        """An attempt to connect is over."""
        self._connects[outcome].inc()

    def subscribe(self, outcome: SubscribeOutcome) -> None:
        """A subscribe is over."""
        self._subscribes[outcome].inc()

    def delivered(self, publication: Publication, subscribers: int) -> None:
        """A publication was handed to all sockets of a channel, which write it at the end of this turn of the loop."""
        now = time.time()
        update = publication.update
        self._event_to_write.observe(now - update.event_time / SECOND)
        self._receipt_to_write.observe(now - update.received_at / SECOND)
        self._deliveries.inc(subscribers)
