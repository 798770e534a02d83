"""Pings to judge, made up by a few values."""

from domain.asset_states import state_after
from domain.instants import SECOND, Micros
from domain.judgement import judged_position
from domain.last_position import AssetState
from domain.ping import GpsPing
from domain.position import Position
from domain.quality_limits import QualityLimits
from domain.source_position import SourcePosition

NOON: Micros = 1_790_000_000 * SECOND
LIMITS = QualityLimits()
METRE = 1 / 111_195
"""In degrees of latitude."""


def ping(
    seconds: float = 0.0,
    lat: float = 53.4,
    lon: float = -2.9,
    *,
    event: str | None = None,
    received: float | None = None,
    accuracy: float | None = None,
    speed: float | None = None,
    heading: float | None = None,
    asset: str = "bus-1",
) -> GpsPing:
    """A fix at NOON plus `seconds`, received at once unless `received` (seconds after NOON) says else."""
    return GpsPing(
        id=event or f"p{seconds}",
        fleet="acme",
        asset=asset,
        device=None,
        time=NOON + round(seconds * SECOND),
        received_at=NOON + round((seconds if received is None else received) * SECOND),
        lat=lat,
        lon=lon,
        accuracy=accuracy,
        speed=speed,
        heading=heading,
    )


class Track:
    """One asset that takes fixes in the order of arrival, as `enrich` does."""

    def __init__(self, limits: QualityLimits = LIMITS, max_speed: float | None = None) -> None:
        self.state = AssetState()
        self._limits = limits
        self._max_speed = max_speed
        self._offset = 0

    def take(self, fix: GpsPing) -> Position:
        source = SourcePosition("fleet.pings.v1", "t", 0, self._offset)
        self._offset += 1
        position = judged_position(
            fix, self.state, limits=self._limits, max_speed=self._max_speed, orders=[], source=source
        )
        self.state = state_after(self.state, position, self._limits, self._max_speed)
        return position

    def flags(self, *fixes: GpsPing) -> list[list[str]]:
        return [[str(flag) for flag in self.take(fix).quality] for fix in fixes]
