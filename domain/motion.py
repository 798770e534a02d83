"""Speed and heading of a fix: as reported, else derived from the position that was shown before."""

import msgspec

from domain.geometry import distance, initial_bearing
from domain.instants import SECOND
from domain.last_position import LastPosition
from domain.ping import GpsPing
from domain.quality_limits import QualityLimits


class Motion(msgspec.Struct, frozen=True):
    """How an asset moves at a fix."""

    speed: float | None
    """Metres per second."""
    heading: float | None
    """Degrees clockwise from north."""
    speed_derived: bool = False
    heading_derived: bool = False


def reported_motion(ping: GpsPing) -> Motion:
    """What the device said and nothing else: for fixes that are held back, of which nothing can be derived."""
    return Motion(ping.speed, ping.heading)


def motion_of(ping: GpsPing, last: LastPosition | None, limits: QualityLimits) -> Motion:
    """What the device said, completed from the position before when that is older, and not by too much."""
    if last is None or not 0 < ping.time - last.time <= limits.derive_within:
        return Motion(ping.speed, ping.heading)
    speed, heading = ping.speed, ping.heading
    if speed is None:
        metres = distance(last.lat, last.lon, ping.lat, ping.lon)
        speed = metres * SECOND / (ping.time - last.time)
    if heading is None:
        heading = _derived_heading(ping, last, limits)
    return Motion(speed, heading, ping.speed is None, ping.heading is None and heading is not None)


def moved_from_anchor(lat: float, lon: float, last: LastPosition, limits: QualityLimits) -> bool:
    """Whether a place is so far from where the heading was last known that a new one can be derived."""
    return distance(last.anchor_lat, last.anchor_lon, lat, lon) >= limits.heading_distance


def _derived_heading(ping: GpsPing, last: LastPosition, limits: QualityLimits) -> float | None:
    """The direction from the anchor; who has not moved far enough still points where they pointed before.

    The anchor stays while an asset creeps, so that a walker with a fix every second gets a heading too.
    """
    if not moved_from_anchor(ping.lat, ping.lon, last, limits):
        return last.heading
    return initial_bearing(last.anchor_lat, last.anchor_lon, ping.lat, ping.lon)
