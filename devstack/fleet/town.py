"""Makes up the streets of a town: a web of rings and radial roads that grew over time, not a chess board."""

import math
from dataclasses import dataclass
from random import Random

from devstack.fleet.plane import Point, polar
from devstack.fleet.roads import RoadClass, RoadNetwork

BLOCK = 235.0
"""Metres between two streets."""
_FIRST_RADIALS = 8
_GAP_SHARE = 0.17
"""So many streets were never built: blocks merge, and few streets run through."""


@dataclass(frozen=True)
class Town:
    """Where a town is and how far it reaches, in metres. Every `ring_every`-th ring is a main road."""

    name: str
    center: Point
    radius: float
    rank: int
    ring_every: int = 6


class Streets:
    """The places of one town while it is built: `rings[k][j]` is place j of ring k, counted counter-clockwise."""

    def __init__(self, town: Town, network: RoadNetwork, random: Random) -> None:
        self._town = town
        self._network = network
        self._random = random
        self._tilt = random.uniform(0, math.tau)
        self._waves = [(random.uniform(0, math.tau), random.uniform(0.03, 0.075)) for _ in range(3)]
        self.rings: list[list[int]] = [[network.add_place(town.center)]]

    def build(self) -> list[int]:
        """Builds all streets. Returns the places where the main radial roads end."""
        radials = _FIRST_RADIALS
        for ring in range(1, int(self._town.radius / BLOCK) + 1):
            if math.tau * ring * BLOCK / radials > 1.55 * BLOCK and ring > 1:
                radials *= 2
            self.rings.append([self._place(ring, index, radials) for index in range(radials)])
            self._join_ring(ring)
            self._join_inwards(ring)
        return [self.rings[-1][index] for index in self._main(len(self.rings[-1]))]

    def outline(self) -> list[Point]:
        """The town's edge, a little outside the last street."""
        center = self._town.center
        places = [self._network.places[place] for place in self.rings[-1]]
        return [center + (place - center).times(1 + 130 / center.distance(place)) for place in places]

    def _place(self, ring: int, index: int, radials: int) -> int:
        angle = math.tau * index / radials + self._tilt + 0.25 * math.sin(ring * BLOCK / 900 + self._waves[0][0])
        bulge = sum(depth * math.sin((wave + 2) * angle + phase) for wave, (phase, depth) in enumerate(self._waves))
        radius = ring * BLOCK * (1 + bulge * min(1.0, ring / 5))
        jitter = BLOCK * (0.06 if index in self._main(radials) else 0.14)
        point = self._town.center + polar(radius, angle)
        wobble = Point(self._random.gauss(0, jitter), self._random.gauss(0, jitter))
        return self._network.add_place(point + wobble)

    def _join_ring(self, ring: int) -> None:
        places = self.rings[ring]
        kind = RoadClass.ARTERIAL if ring % self._town.ring_every == 0 else RoadClass.STREET
        for index, place in enumerate(places):
            if kind is RoadClass.ARTERIAL or self._random.random() > _GAP_SHARE:
                self._network.join(place, places[(index + 1) % len(places)], kind)

    def _join_inwards(self, ring: int) -> None:
        outer, inner = self.rings[ring], self.rings[ring - 1]
        ratio = max(1, len(outer) // len(inner))
        main = self._main(len(outer))
        for index, place in enumerate(outer):
            if index % ratio and ring > 1:
                continue
            kind = RoadClass.ARTERIAL if index in main else RoadClass.STREET
            if kind is RoadClass.ARTERIAL or self._random.random() > _GAP_SHARE:
                self._network.join(place, inner[index // ratio % len(inner)], kind)

    def _main(self, radials: int) -> set[int]:
        """The radials that go on from the centre to the edge, of which every other is a main road."""
        step = radials // _FIRST_RADIALS
        return set(range(0, radials, step * 2))
