"""Makes a position of a ping: judged, completed, and told where it came from."""

from domain.last_position import AssetState
from domain.motion import motion_of, reported_motion
from domain.ping import GpsPing
from domain.position import CarriedOrder, Position
from domain.quality_limits import QualityLimits
from domain.quality_rules import flags_of, held_back_by
from domain.source_position import SourcePosition


def judged_position(
    ping: GpsPing,
    state: AssetState,
    *,
    limits: QualityLimits,
    max_speed: float | None,
    orders: list[CarriedOrder],
    source: SourcePosition,
) -> Position:
    """The position of a ping, given what is known of its asset. The same arguments always give the same position."""
    flags = flags_of(ping, state, limits, max_speed)
    motion = motion_of(ping, state.last, limits) if held_back_by(flags) is None else reported_motion(ping)
    return Position(
        id=ping.id,
        fleet=ping.fleet,
        asset=ping.asset,
        device=ping.device,
        time=ping.time,
        received_at=ping.received_at,
        lat=ping.lat,
        lon=ping.lon,
        speed=motion.speed,
        heading=motion.heading,
        speed_derived=motion.speed_derived,
        heading_derived=motion.heading_derived,
        altitude=ping.altitude,
        accuracy=ping.accuracy,
        battery=ping.battery,
        attributes=ping.attributes,
        quality=flags,
        orders=orders,
        source=source,
    )
