"""What `route` counts."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from domain.entity_status import StatusFault
from domain.instants import SECOND
from domain.position import Position
from domain.quality import QualityFlag
from domain.quality_rules import held_back_by
from domain.status_change import StatusChange
from stream_processors.lag_buckets import LAG_SECONDS

LIVE = "live"


class RouteMetrics:
    """Counted once the batch is done, so that a batch that comes again is not counted twice."""

    def __init__(self, registry: CollectorRegistry) -> None:
        positions = Counter(
            "fleetcast_route_positions_total",
            "Positions: live, or the flag that holds them back.",
            ["outcome"],
            registry=registry,
        )
        self._positions = {flag: positions.labels(LIVE if flag is None else str(flag)) for flag in (None, *QualityFlag)}
        statuses = Counter(
            "fleetcast_route_status_changes_total",
            "Status changes: live, or why they are held back.",
            ["outcome"],
            registry=registry,
        )
        self._statuses = {
            fault: statuses.labels(LIVE if fault is None else str(fault)) for fault in (None, *StatusFault)
        }
        self.live_records = Counter("fleetcast_route_live_records_total", "Live records made.", registry=registry)
        self.requests = Counter(
            "fleetcast_route_notification_requests_total",
            "Notification requests made, by the topic of what they tell.",
            ["topic"],
            registry=registry,
        )
        event_lag = Histogram(
            "fleetcast_route_event_lag_seconds",
            "From the time of an event to its live records being acknowledged.",
            ["kind"],
            buckets=LAG_SECONDS,
            registry=registry,
        )
        receipt_lag = Histogram(
            "fleetcast_route_receipt_lag_seconds",
            "From the receipt of an event to its live records being acknowledged.",
            ["kind"],
            buckets=LAG_SECONDS,
            registry=registry,
        )
        self._position_lags = (event_lag.labels("position"), receipt_lag.labels("position"))
        self._status_lags = (event_lag.labels("status"), receipt_lag.labels("status"))

    def position_done(self, position: Position, now: float) -> None:
        """A position was dealt with at `now`, in seconds since the epoch."""
        held = held_back_by(position.quality)
        self._positions[held].inc()
        if held is None:
            _observe(self._position_lags, position, now)

    def status_done(self, change: StatusChange, fault: StatusFault | None, now: float) -> None:
        """A status change was dealt with."""
        self._statuses[fault].inc()
        if fault is None:
            _observe(self._status_lags, change, now)


def _observe(lags: tuple[Histogram, Histogram], event: Position | StatusChange, now: float) -> None:
    event_lag, receipt_lag = lags
    event_lag.observe(now - event.time / SECOND)
    receipt_lag.observe(now - event.received_at / SECOND)
