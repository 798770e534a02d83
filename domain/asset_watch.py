"""Notices what the fixes of an asset mean: geofences entered and left, standing still and moving again.

The same remembered state and the same fix always give the same: a fix that comes again makes the same events.
"""

from typing import NamedTuple

import msgspec

from domain.fleet_event import EventKind
from domain.geofence_shape import GeofenceShape
from domain.geofences import GeofenceIndex
from domain.geometry import distance
from domain.instants import MINUTE, Micros
from domain.position import Position

MAX_ZONES = 64
"""Geofences that an asset can be in at a time; it does not enter more."""


class WatchLimits(msgspec.Struct, frozen=True):
    """When something has happened."""

    margin: float = 25.0
    """Metres that an asset must be outside of a geofence to have left it: noise at its edge is no coming and going."""
    accuracy: float = 200.0
    """Metres; a fix that is less accurate shows nothing."""
    stop_distance: float = 100.0
    """Metres within which an asset stands still."""
    stop_after: Micros = 10 * MINUTE
    """So long it has to stand still to have stopped."""


class AssetWatch(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of an asset. Stored as a JSON array: a new field goes to the end, with a default."""

    zones: tuple[str, ...] = ()
    """The ids of the geofences that it is in, sorted."""
    still_lat: float = 0.0
    """Where it has been, within the stop distance, since `still_since`."""
    still_lon: float = 0.0
    still_since: Micros | None = None
    """None: it has not been seen."""
    stopped: bool = False
    """Whether that was told."""


NOT_WATCHED = AssetWatch()


class Happening(NamedTuple):
    """What a fix showed."""

    kind: EventKind
    geofence: GeofenceShape | None = None
    since: Micros | None = None


def watched(
    watch: AssetWatch, position: Position, geofences: GeofenceIndex, limits: WatchLimits
) -> tuple[AssetWatch, list[Happening]]:
    """What is remembered after a fix that is shown and newer than all before, and what it showed."""
    if position.accuracy is not None and position.accuracy > limits.accuracy:
        return watch, []
    watch, happened = _zones_after(watch, position, geofences, limits)
    return _stillness_after(watch, position, happened, limits)


def _zones_after(
    watch: AssetWatch, position: Position, geofences: GeofenceIndex, limits: WatchLimits
) -> tuple[AssetWatch, list[Happening]]:
    inside = geofences.at(position.fleet, position.lat, position.lon)
    if not inside and not watch.zones:
        return watch, []
    known = {shape.id: shape for shape in inside}
    happened: list[Happening] = []
    stayed: list[str] = []
    for zone in watch.zones:
        shape = known.get(zone) or geofences.of(position.fleet, zone)
        if shape is None:
            continue  # there is no such geofence any more
        if zone in known or shape.within(position.lat, position.lon, limits.margin):
            stayed.append(zone)
        else:
            happened.append(Happening(EventKind.LEFT, shape))
    entered = [shape for shape in inside if shape.id not in watch.zones][: MAX_ZONES - len(stayed)]
    happened += [Happening(EventKind.ENTERED, shape) for shape in entered]
    zones = tuple(sorted((*stayed, *(shape.id for shape in entered))))
    return (watch if zones == watch.zones else msgspec.structs.replace(watch, zones=zones)), happened


def _stillness_after(
    watch: AssetWatch, position: Position, happened: list[Happening], limits: WatchLimits
) -> tuple[AssetWatch, list[Happening]]:
    since = watch.still_since
    if since is None or _moved(watch, position, limits):
        if since is not None and watch.stopped:
            happened.append(Happening(EventKind.MOVING, since=since))
        return AssetWatch(watch.zones, position.lat, position.lon, position.time), happened
    if not watch.stopped and position.time - since >= limits.stop_after:
        happened.append(Happening(EventKind.STOPPED, since=since))
        return AssetWatch(watch.zones, watch.still_lat, watch.still_lon, since, stopped=True), happened
    return watch, happened


def _moved(watch: AssetWatch, position: Position, limits: WatchLimits) -> bool:
    """A fix that may be off by more than the stop distance must be further away than that."""
    enough = max(limits.stop_distance, position.accuracy or 0.0)
    return distance(watch.still_lat, watch.still_lon, position.lat, position.lon) > enough
