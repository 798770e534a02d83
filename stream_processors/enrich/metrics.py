"""What `enrich` counts."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from domain.instants import SECOND
from domain.position import Position
from domain.quality import QualityFlag
from domain.quality_rules import held_back_by
from stream_processors.lag_buckets import LAG_SECONDS


class EnrichMetrics:
    """Counted when positions are acknowledged: as many as there are on the topic, repeats with them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        positions = Counter(
            "fleetcast_enrich_positions_total",
            "Positions, by the flag that holds them back; empty for those that are shown.",
            ["held"],
            registry=registry,
        )
        self._positions = {flag: positions.labels("" if flag is None else str(flag)) for flag in (None, *QualityFlag)}
        self.orders_left_out = Counter(
            "fleetcast_enrich_orders_left_out_total",
            "Orders over the most that a position can name.",
            registry=registry,
        )
        self.events = Counter("fleetcast_enrich_events_total", "Fleet events.", ["kind"], registry=registry)
        self._event_lag = Histogram(
            "fleetcast_enrich_event_lag_seconds",
            "From the device's time of a fix to its position being acknowledged.",
            buckets=LAG_SECONDS,
            registry=registry,
        )
        self._receipt_lag = Histogram(
            "fleetcast_enrich_receipt_lag_seconds",
            "From the receipt of a ping to its position being acknowledged.",
            buckets=LAG_SECONDS,
            registry=registry,
        )

    def done(self, position: Position, now: float) -> None:
        """A position was put out at `now`, in seconds since the epoch."""
        held = held_back_by(position.quality)
        self._positions[held].inc()
        self._receipt_lag.observe(now - position.received_at / SECOND)
        if held is None:
            self._event_lag.observe(now - position.time / SECOND)
