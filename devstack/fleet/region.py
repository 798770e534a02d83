"""The simulated region: a city by the sea, towns around it, and the roads that join them."""

from dataclasses import dataclass
from itertools import pairwise
from random import Random

from devstack.fleet.plane import Point, inland
from devstack.fleet.roads import RoadClass, RoadNetwork
from devstack.fleet.town import Streets, Town

SEED = 20
SEAFRONT = 330.0
"""Metres from the water at which the streets begin."""


@dataclass(frozen=True)
class Open:
    """A round place without streets, `radius` metres wide."""

    center: Point
    radius: float


PARK = Open(Point(1_650, 1_250), 560.0)
LAKE = Open(Point(3_300, -4_900), 620.0)

CITY = Town("Duinstad", Point(0, 0), 4_400, rank=1, ring_every=6)
TOWNS = (
    Town("Westerveen", Point(-5_600, -6_900), 1_250, rank=2, ring_every=5),
    Town("Oosterkapel", Point(7_600, 1_800), 1_450, rank=2, ring_every=6),
    Town("Zuidmeer", Point(1_300, -9_400), 1_050, rank=2, ring_every=4),
    Town("Noordduin", Point(6_200, 9_300), 1_100, rank=2, ring_every=4),
)
_MOTORWAY = (
    Point(-13_500, -12_000), Point(-9_200, -8_800), Point(-5_200, -5_000), Point(-1_200, -5_700), Point(3_000, -3_900),
    Point(5_300, -800), Point(5_600, 3_600), Point(8_300, 8_000), Point(12_200, 13_000), Point(15_500, 18_000),
)  # fmt: skip
_SLIP_ROADS, _LONGEST_SLIP_ROAD = 3, 3_500.0
"""So many roads of a town lead to the motorway at most, and none that is longer, in metres."""


@dataclass(frozen=True)
class Region:
    """The streets to drive on, and the outline of each town."""

    roads: RoadNetwork
    outlines: list[list[Point]]


def build_region(seed: int = SEED) -> Region:
    """The same region for the same seed."""
    random = Random(seed)
    network = RoadNetwork()
    gates: dict[str, list[int]] = {}
    outlines = []
    for town in (CITY, *TOWNS):
        streets = Streets(town, network, random)
        gates[town.name] = streets.build()
        outlines.append(streets.outline())
    motorway = _build_motorway(network)
    for town in TOWNS:
        _join_by_country_road(network, gates[town.name], gates[CITY.name], random)
    for town in (CITY, *TOWNS):
        _join_to_motorway(network, gates[town.name], motorway)
    return Region(network.without(_is_unbuilt), outlines)


def _is_unbuilt(point: Point) -> bool:
    return inland(point) < SEAFRONT or any(point.distance(place.center) < place.radius for place in (PARK, LAKE))


def _build_motorway(network: RoadNetwork) -> list[int]:
    places = [network.add_place(point) for point in _curve(_MOTORWAY, 14)]
    for a, b in pairwise(places):
        network.join(a, b, RoadClass.MOTORWAY)
    return places


def _join_by_country_road(network: RoadNetwork, gates: list[int], others: list[int], random: Random) -> None:
    dry = [gate for gate in others if not _is_unbuilt(network.places[gate])]
    start, end = min(((a, b) for a in gates for b in dry), key=lambda pair: network.length(*pair))
    a, b = network.places[start], network.places[end]
    sideways = Point(-(b.y - a.y), b.x - a.x).times(random.uniform(-0.12, 0.12))
    middle = (a + b).times(0.5) + sideways
    _join_line(network, start, end, _curve((a, middle, b), 5)[1:-1])


def _join_to_motorway(network: RoadNetwork, gates: list[int], motorway: list[int]) -> None:
    for gate in sorted(gates, key=lambda gate: network.length(gate, network.nearest(network.places[gate], motorway)))[
        :3
    ]:
        exit_ = network.nearest(network.places[gate], motorway)
        a, b = network.places[gate], network.places[exit_]
        if a.distance(b) < 3_500:
            _join_line(network, gate, exit_, [a + (b - a).times(share / 4) for share in (1, 2, 3)])


def _join_line(network: RoadNetwork, start: int, end: int, between: list[Point]) -> None:
    places = [start, *(network.add_place(point) for point in between), end]
    for a, b in pairwise(places):
        network.join(a, b, RoadClass.ARTERIAL)


def _curve(points: tuple[Point, ...], steps: int) -> list[Point]:
    """A smooth line through all points (Catmull-Rom)."""
    padded = (points[0], *points, points[-1])
    curve = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(steps):
            t = step / steps
            curve.append(
                b + (c - a).times(t / 2) + (a.times(2) - b.times(5) + c.times(4) - d).times(t**2 / 2)
                + (b.times(3) - a - c.times(3) + d).times(t**3 / 2)
            )  # fmt: skip
    return [*curve, points[-1]]
