"""Makes fleet events of what the fixes of an asset show."""

import msgspec

from domain.asset_states import is_news
from domain.asset_watch import AssetWatch, Happening, WatchLimits, watched
from domain.fleet_event import EventKind, FleetEvent
from domain.ids import derived_id
from domain.instants import Micros
from domain.last_position import AssetState, LastPosition
from domain.position import Position
from domain.promises import Promise
from domain.source_position import SourcePosition
from stream_processors.enrich.reference_view import ReferenceView


class AssetWatcher:
    """The same state and position always make the same events, with the same ids."""

    def __init__(self, reference: ReferenceView, limits: WatchLimits) -> None:
        self._reference = reference
        self._limits = limits

    def after(self, before: AssetState, position: Position, state: AssetState) -> tuple[AssetState, list[FleetEvent]]:
        """`state`, which follows from `before` and the position, with what is watched of the asset; and the events.

        What is held back, and what is older than what is shown, never makes one.
        """
        if not is_news(before, position):
            return state, []
        watch, happened = watched(before.watch, position, self._reference.geofences, self._limits)
        if watch is not before.watch:
            state = msgspec.structs.replace(state, watch=watch)
        late = self._late(before, position)
        if not happened and not late:
            return state, []
        events = [_event(position, happening, index) for index, happening in enumerate(happened)]
        events += [_late_event(position, promise, index) for index, promise in enumerate(late, start=len(events))]
        return state, events

    def resumed(self, fleet: str, last: LastPosition, stopped_since: Micros | None) -> AssetWatch:
        """What is watched of an asset of which the last position is known, and whether it had stopped."""
        zones = tuple(shape.id for shape in self._reference.geofences.at(fleet, last.lat, last.lon))
        since = last.time if stopped_since is None else stopped_since
        return AssetWatch(zones, last.lat, last.lon, since, stopped_since is not None)

    def _late(self, before: AssetState, position: Position) -> list[Promise]:
        """Told at the first fix after the promised time, if there was one before it."""
        if before.last is None:
            return []
        asset = (position.fleet, position.asset)
        return self._reference.promises.passed(asset, position.orders, before.last.time, position.time)


def _event(position: Position, happening: Happening, index: int) -> FleetEvent:
    kind, geofence, since = happening
    where = "" if geofence is None else f".{geofence.id}"
    return FleetEvent(
        id=derived_id(f"{position.fleet}/{position.asset}/{position.id}", f"event.{kind}{where}"),
        fleet=position.fleet,
        asset=position.asset,
        kind=kind,
        time=position.time,
        received_at=position.received_at,
        lat=position.lat,
        lon=position.lon,
        since=since,
        geofence=None if geofence is None else geofence.id,
        geofence_name=None if geofence is None else geofence.name,
        source=_source(position, index),
    )


def _late_event(position: Position, promise: Promise, index: int) -> FleetEvent:
    order = promise.order
    return FleetEvent(
        # Whatever carries it: an order is late once for each time that was promised.
        id=derived_id(f"{order.fleet}/order/{order.order}", f"event.late.{promise.at}"),
        fleet=position.fleet,
        asset=position.asset,
        kind=EventKind.LATE,
        time=position.time,
        received_at=position.received_at,
        lat=position.lat,
        lon=position.lon,
        since=promise.at,
        order_fleet=order.fleet,
        order=order.order,
        source=_source(position, index),
    )


def _source(position: Position, index: int) -> SourcePosition:
    ping = position.source
    return SourcePosition(ping.topic, ping.topic_id, ping.partition, ping.offset, index)
