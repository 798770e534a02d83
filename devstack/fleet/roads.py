"""A network of roads: places, the roads between them, and the fastest way along them."""

import enum
import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from devstack.fleet.plane import Point


class RoadClass(enum.StrEnum):
    """What kind of road; the page draws them by these names."""

    STREET = "street"
    ARTERIAL = "arterial"
    MOTORWAY = "motorway"


SPEED_LIMITS = {RoadClass.STREET: 9.0, RoadClass.ARTERIAL: 14.5, RoadClass.MOTORWAY: 28.0}
"""Metres per second."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One step of a way: to `end`, at most at `limit` metres per second."""

    end: Point
    limit: float


@dataclass
class RoadNetwork:
    """Places by number, and for each the roads that leave it. Every road can be driven both ways."""

    places: list[Point] = field(default_factory=list)
    roads: dict[int, dict[int, RoadClass]] = field(default_factory=dict)

    def add_place(self, point: Point) -> int:
        self.places.append(point)
        self.roads[len(self.places) - 1] = {}
        return len(self.places) - 1

    def join(self, a: int, b: int, kind: RoadClass) -> None:
        if a != b:
            self.roads[a][b] = self.roads[b][a] = kind

    def length(self, a: int, b: int) -> float:
        """Metres."""
        return self.places[a].distance(self.places[b])

    def nearest(self, point: Point, among: Iterable[int] | None = None) -> int:
        return min(self.roads if among is None else among, key=lambda place: self.places[place].distance(point))

    def without(self, unwanted: Callable[[Point], bool]) -> "RoadNetwork":
        """The largest connected part of the network, less the places that are not wanted, numbered anew."""
        kept = {place for place in self.roads if not unwanted(self.places[place])}
        part = max(self._parts(kept), key=len)
        smaller = RoadNetwork()
        numbers = {place: smaller.add_place(self.places[place]) for place in sorted(part)}
        for a, new_a in numbers.items():
            for b, kind in self.roads[a].items():
                if b in numbers:
                    smaller.join(new_a, numbers[b], kind)
        return smaller

    def route(self, start: int, goal: int) -> list[Leg]:
        """The fastest way (Dijkstra). Raises ValueError when there is none."""
        came_from: dict[int, int] = {start: start}
        times = {start: 0.0}
        queue = [(0.0, start)]
        while queue:
            time, place = heapq.heappop(queue)
            if place == goal:
                return self._legs(came_from, start, goal)
            if time > times[place]:
                continue
            for neighbour, kind in self.roads[place].items():
                arrival = time + self.length(place, neighbour) / SPEED_LIMITS[kind]
                if arrival < times.get(neighbour, float("inf")):
                    times[neighbour], came_from[neighbour] = arrival, place
                    heapq.heappush(queue, (arrival, neighbour))
        raise ValueError(f"no way from place {start} to place {goal}")

    def lines(self, kind: RoadClass) -> list[list[int]]:
        """All roads of a kind as few long lines of places: what a map draws."""
        rest = {(a, b) for a, roads in self.roads.items() for b, road in roads.items() if road is kind and a < b}
        lines = []
        while rest:
            line = list(min(rest))
            rest.discard((line[0], line[1]))
            self._lengthen(line, rest)
            line.reverse()
            self._lengthen(line, rest)
            lines.append(line)
        return lines

    def _lengthen(self, line: list[int], rest: set[tuple[int, int]]) -> None:
        while True:
            here, before = line[-1], line[-2]
            onward = [n for n in self.roads[here] if (min(here, n), max(here, n)) in rest]
            if not onward:
                return
            ahead = self.places[here] + (self.places[here] - self.places[before])
            line.append(self.nearest(ahead, onward))
            rest.discard((min(here, line[-1]), max(here, line[-1])))

    def _legs(self, came_from: dict[int, int], start: int, goal: int) -> list[Leg]:
        legs = []
        place = goal
        while place != start:
            before = came_from[place]
            legs.append(Leg(self.places[place], SPEED_LIMITS[self.roads[before][place]]))
            place = before
        legs.reverse()
        return legs

    def _parts(self, places: set[int]) -> list[set[int]]:
        rest, parts = set(places), []
        while rest:
            part, edge = set(), [rest.pop()]
            while edge:
                place = edge.pop()
                part.add(place)
                found = rest.intersection(self.roads[place])
                rest -= found
                edge.extend(found)
            parts.append(part)
        return parts or [set()]
