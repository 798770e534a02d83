"""What operators decide about `enrich`."""

from pydantic import Field

from domain.asset_watch import WatchLimits
from domain.instants import DAY, MINUTE, SECOND
from domain.quality_limits import QualityLimits
from runtime.settings import Section

_DEFAULT = QualityLimits()
_WATCH = WatchLimits()


class EnrichSettings(Section, section="ENRICH"):
    """Batches, memory, and the thresholds by which fixes are judged."""

    batch_records: int = Field(500, ge=1, le=10_000, description="Most pings in one batch.")
    cached_assets: int = Field(
        20_000,
        ge=1,
        le=1_000_000,
        description="Assets whose state is kept in memory, for each partition; more are read.",
    )
    future_seconds: float = Field(
        _DEFAULT.future / SECOND, ge=0, description="A fix this far ahead of its receipt is held back: future."
    )
    too_old_days: float = Field(
        _DEFAULT.too_old / DAY, gt=0, description="A fix this far before its receipt is held back: too_old."
    )
    late_seconds: float = Field(
        _DEFAULT.late / SECOND, gt=0, description="A fix this far before its receipt is flagged late, and shown."
    )
    max_speed: float = Field(
        _DEFAULT.max_speed,
        gt=0,
        description="Metres per second; faster is an impossible jump, unless the asset says else.",
    )
    jump_allowance: float = Field(
        _DEFAULT.jump_allowance, ge=0, description="Metres that a fix may be off before a jump is judged."
    )
    jump_confirmations: int = Field(
        _DEFAULT.jump_confirmations,
        ge=2,
        le=100,
        description="So many impossible fixes in a row that agree with each other are believed.",
    )
    recent_ids: int = Field(
        _DEFAULT.recent_ids, ge=1, le=1_000, description="Ids remembered of each asset, to recognise duplicates."
    )
    heading_distance: float = Field(
        _DEFAULT.heading_distance, gt=0, description="Metres to be moved before a heading is derived."
    )
    derive_within_seconds: float = Field(
        _DEFAULT.derive_within / SECOND, ge=0, description="No speed or heading is derived across a longer gap."
    )
    geofence_margin: float = Field(
        _WATCH.margin, ge=0, description="Metres that an asset must be outside of a geofence to have left it."
    )
    event_accuracy: float = Field(
        _WATCH.accuracy, gt=0, description="Metres; a fix that is less accurate makes no event."
    )
    stop_distance: float = Field(_WATCH.stop_distance, gt=0, description="Metres within which an asset stands still.")
    stop_minutes: float = Field(
        _WATCH.stop_after / MINUTE, gt=0, description="So long it has to stand still to have stopped."
    )

    def watch_limits(self) -> WatchLimits:
        """What makes events, as one value."""
        return WatchLimits(
            margin=self.geofence_margin,
            accuracy=self.event_accuracy,
            stop_distance=self.stop_distance,
            stop_after=round(self.stop_minutes * MINUTE),
        )

    def limits(self) -> QualityLimits:
        """The thresholds as one value."""
        return QualityLimits(
            future=round(self.future_seconds * SECOND),
            too_old=round(self.too_old_days * DAY),
            late=round(self.late_seconds * SECOND),
            max_speed=self.max_speed,
            jump_allowance=self.jump_allowance,
            jump_confirmations=self.jump_confirmations,
            recent_ids=self.recent_ids,
            heading_distance=self.heading_distance,
            derive_within=round(self.derive_within_seconds * SECOND),
        )
