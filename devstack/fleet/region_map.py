"""The simulated region as GeoJSON: what the page draws of it. `properties.class` says what a feature is."""

import math
from typing import Any

from devstack.fleet.plane import Point, inland, polar, shore, to_lonlat
from devstack.fleet.region import CITY, LAKE, PARK, SEAFRONT, TOWNS, Open, Region
from devstack.fleet.roads import RoadClass, RoadNetwork

_WATERLINE, _DUNES = 10.0, SEAFRONT * 0.62
"""Metres from the water at which the beach begins, and the dunes end."""


def draw(region: Region) -> dict[str, Any]:
    """A FeatureCollection of areas (urban, sand, park, water), roads by class, and the towns' names with a rank."""
    return {"type": "FeatureCollection", "features": [*_areas(region), *_roads(region.roads), *_names()]}


def _areas(region: Region) -> list[dict[str, Any]]:
    urban = [_polygon("urban", [_behind_dunes(point) for point in outline]) for outline in region.outlines]
    sand = _polygon("sand", [*shore(_WATERLINE), *reversed(shore(_DUNES))])
    return [*urban, sand, _polygon("park", _round(PARK)), _polygon("water", _round(LAKE))]


def _behind_dunes(point: Point) -> Point:
    """The point, or one nearer to the city that is dry: a town does not end in the water."""
    while inland(point) < _DUNES:
        point = point.times(0.985)
    return point


def _round(place: Open) -> list[Point]:
    ring = []
    for step in range(40):
        angle = math.tau * step / 40
        uneven = 0.86 + 0.045 * (math.sin(2 * angle + 1.1) + math.sin(3 * angle + 4.2) + math.sin(4 * angle + 2.6))
        ring.append(place.center + polar(place.radius * uneven, angle))
    return ring


def _polygon(kind: str, ring: list[Point]) -> dict[str, Any]:
    closed = [list(to_lonlat(point)) for point in [*ring, ring[0]]]
    return _feature({"class": kind}, "Polygon", [closed])


def _roads(roads: RoadNetwork) -> list[dict[str, Any]]:
    return [
        _feature({"class": kind.value}, "LineString", [list(to_lonlat(roads.places[place])) for place in line])
        for kind in RoadClass
        for line in roads.lines(kind)
    ]


def _names() -> list[dict[str, Any]]:
    return [
        _feature({"class": "place", "name": town.name, "rank": town.rank}, "Point", list(to_lonlat(town.center)))
        for town in (CITY, *TOWNS)
    ]


def _feature(properties: dict[str, Any], kind: str, coordinates: list[Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}
