"""How the state of an asset follows from its positions: the same for a live stream and for one that is replayed."""

from domain.last_position import AssetState, LastPosition, RejectedFix
from domain.motion import moved_from_anchor
from domain.position import Position
from domain.quality import QualityFlag
from domain.quality_limits import QualityLimits
from domain.quality_rules import held_back_by, times_confirmed


def is_news(state: AssetState, position: Position) -> bool:
    """Whether a position is shown, and newer than the one that is."""
    return held_back_by(position.quality) is None and (state.last is None or position.time > state.last.time)


def state_after(state: AssetState, position: Position, limits: QualityLimits, max_speed: float | None) -> AssetState:
    """The asset's state after a position that was judged with `state`. What is shown never goes back in time.

    What is watched of it (`domain/asset_watch.py`) is left as it is.
    """
    recent = _remembered(state.recent_ids, position.id, limits.recent_ids)
    if is_news(state, position):
        return AssetState(_shown(position, state.last, limits), recent, watch=state.watch)
    if held_back_by(position.quality) is QualityFlag.IMPOSSIBLE_JUMP:
        speed = max_speed if max_speed is not None and max_speed > 0 else limits.max_speed
        return AssetState(state.last, recent, _rejected(position, state, limits, speed), state.watch)
    return AssetState(state.last, recent, state.rejected, state.watch)


def _remembered(recent: tuple[str, ...], new_id: str, bound: int) -> tuple[str, ...]:
    return recent if new_id in recent else (*recent, new_id)[-bound:]


def _shown(position: Position, before: LastPosition | None, limits: QualityLimits) -> LastPosition:
    anchor_lat, anchor_lon = position.lat, position.lon
    reported = position.heading is not None and not position.heading_derived
    if before is not None and not reported and not moved_from_anchor(position.lat, position.lon, before, limits):
        anchor_lat, anchor_lon = before.anchor_lat, before.anchor_lon
    return LastPosition(
        id=position.id,
        time=position.time,
        lat=position.lat,
        lon=position.lon,
        accuracy=position.accuracy,
        heading=position.heading,
        anchor_lat=anchor_lat,
        anchor_lon=anchor_lon,
    )


def _rejected(position: Position, state: AssetState, limits: QualityLimits, max_speed: float) -> RejectedFix:
    return RejectedFix(
        time=position.time,
        lat=position.lat,
        lon=position.lon,
        accuracy=position.accuracy,
        count=times_confirmed(position, state, limits, max_speed),
    )
