"""Judges a fix against what is known of its asset: one function for each fault, asked in the order of RULES."""

from collections.abc import Callable, Iterable
from typing import Protocol

from domain.geometry import distance
from domain.instants import SECOND, Micros
from domain.last_position import AssetState
from domain.ping import GpsPing
from domain.quality import QualityFlag
from domain.quality_limits import QualityLimits


class Place(Protocol):
    """A point in space and time, with the radius of its uncertainty in metres."""

    @property
    def time(self) -> Micros: ...
    @property
    def lat(self) -> float: ...
    @property
    def lon(self) -> float: ...
    @property
    def accuracy(self) -> float | None: ...


Rule = Callable[[GpsPing, AssetState, QualityLimits, float], bool]
"""(ping, state of its asset, limits, the asset's highest speed in m/s) -> whether the fix has the fault."""


def no_fix(ping: GpsPing, state: AssetState, limits: QualityLimits, max_speed: float) -> bool:  # noqa: ARG001
    """Exactly (0, 0) is what receivers report when they have no fix."""
    return ping.lat == 0 and ping.lon == 0


def future(ping: GpsPing, state: AssetState, limits: QualityLimits, max_speed: float) -> bool:  # noqa: ARG001
    """Measured after it was received: the device's clock is wrong."""
    return ping.time - ping.received_at > limits.future


def too_old(ping: GpsPing, state: AssetState, limits: QualityLimits, max_speed: float) -> bool:  # noqa: ARG001
    """Older than what is kept; also how receivers look whose date is 1,024 weeks back."""
    return ping.received_at - ping.time > limits.too_old


def duplicate(ping: GpsPing, state: AssetState, limits: QualityLimits, max_speed: float) -> bool:  # noqa: ARG001
    """An event of this id is shown, or was seen lately."""
    return ping.id in state.recent_ids or (state.last is not None and ping.id == state.last.id)


def out_of_order(ping: GpsPing, state: AssetState, limits: QualityLimits, max_speed: float) -> bool:  # noqa: ARG001
    """Older than the position that is shown."""
    return state.last is not None and ping.time < state.last.time


def same_time(ping: GpsPing, state: AssetState, limits: QualityLimits, max_speed: float) -> bool:  # noqa: ARG001
    """As old as the position that is shown, but another event."""
    return state.last is not None and ping.time == state.last.time and ping.id != state.last.id


def impossible_jump(ping: GpsPing, state: AssetState, limits: QualityLimits, max_speed: float) -> bool:
    """Newer than what is shown, but out of reach from there; unless enough fixes in a row say the same."""
    last = state.last
    if last is None or ping.time <= last.time or (ping.lat == 0 and ping.lon == 0):
        return False
    if within_reach(last, ping, limits, max_speed):
        return False
    return times_confirmed(ping, state, limits, max_speed) < limits.jump_confirmations


def late(ping: GpsPing, state: AssetState, limits: QualityLimits, max_speed: float) -> bool:  # noqa: ARG001
    """Received long after it was measured, such as after a tunnel. It is shown all the same when it is the newest."""
    return ping.received_at - ping.time > limits.late


RULES: tuple[tuple[QualityFlag, Rule], ...] = (
    (QualityFlag.NO_FIX, no_fix),
    (QualityFlag.FUTURE, future),
    (QualityFlag.TOO_OLD, too_old),
    (QualityFlag.DUPLICATE, duplicate),
    (QualityFlag.OUT_OF_ORDER, out_of_order),
    (QualityFlag.SAME_TIME, same_time),
    (QualityFlag.IMPOSSIBLE_JUMP, impossible_jump),
    (QualityFlag.LATE, late),
)
"""Every rule is asked, in this order, which is also the order of the flags in a position."""


def flags_of(ping: GpsPing, state: AssetState, limits: QualityLimits, max_speed: float | None) -> list[QualityFlag]:
    """All faults of a fix. `max_speed` is the asset's own in m/s; None: the limit for all."""
    speed = max_speed if max_speed is not None and max_speed > 0 else limits.max_speed
    return [flag for flag, has_fault in RULES if has_fault(ping, state, limits, speed)]


def held_back_by(flags: Iterable[QualityFlag]) -> QualityFlag | None:
    """The first flag that keeps a fix from the screens: any but `late`. None: it is shown."""
    for flag in flags:
        if flag is not QualityFlag.LATE:
            return flag
    return None


def within_reach(one: Place, other: Place, limits: QualityLimits, max_speed: float) -> bool:
    """Whether an asset can have been at both places, given how long it had and how unsure both are."""
    seconds = abs(other.time - one.time) / SECOND
    allowance = max(limits.jump_allowance, (one.accuracy or 0.0) + (other.accuracy or 0.0))
    return distance(one.lat, one.lon, other.lat, other.lon) <= max_speed * seconds + allowance


def times_confirmed(place: Place, state: AssetState, limits: QualityLimits, max_speed: float) -> int:
    """How many impossible fixes in a row, this one counted, agree with each other.

    When the position that is shown was itself the wrong one, all that follow are out of its reach: this is the way out.
    A fix of the same instant as the one before is no further proof.
    """
    rejected = state.rejected
    if rejected is None or not within_reach(rejected, place, limits, max_speed):
        return 1
    return rejected.count + (place.time != rejected.time)
