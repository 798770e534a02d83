"""How a vehicle moves along a way: it speeds up, keeps to the limits, slows down for bends and stops at the end."""

import math
from collections.abc import Sequence
from itertools import pairwise

from devstack.fleet.plane import Point
from devstack.fleet.roads import Leg

_SPEED_UP, _SLOW_DOWN = 1.6, 2.0
"""Metres per second per second."""
_STEP = 0.25
"""Seconds between two reckonings of the speed."""


class Drive:
    """One drive from a point along legs to where the last one ends. Lengths in metres, speeds in metres per second."""

    def __init__(self, start: Point, legs: Sequence[Leg], top_speed: float) -> None:
        self._points = [start, *(leg.end for leg in legs)]
        self._limits = [min(leg.limit, top_speed) for leg in legs]
        self._lengths = [a.distance(b) for a, b in pairwise(self._points)]
        self._bends = self._speeds_at_bends()
        self._leg = 0
        self._into = 0.0
        self.speed = 0.0
        self.heading = start.heading_to(self._points[1]) if legs else 0.0

    @property
    def arrived(self) -> bool:
        return self._leg >= len(self._lengths)

    @property
    def position(self) -> Point:
        if self.arrived:
            return self._points[-1]
        start, end = self._points[self._leg], self._points[self._leg + 1]
        return start + (end - start).times(self._into / max(self._lengths[self._leg], 0.01))

    def advance(self, seconds: float) -> None:
        while seconds > 0 and not self.arrived:
            step = min(_STEP, seconds)
            self._accelerate(step)
            self._move(self.speed * step)
            seconds -= step
        if self.arrived:
            self.speed = 0.0

    def _accelerate(self, step: float) -> None:
        ahead = self._lengths[self._leg] - self._into
        bend = self._bends[self._leg + 1]
        wanted = min(self._limits[self._leg], math.sqrt(bend**2 + 2 * _SLOW_DOWN * max(0.0, ahead)))
        change = max(-2 * _SLOW_DOWN * step, min(_SPEED_UP * step, wanted - self.speed))
        self.speed = max(0.8, self.speed + change)

    def _move(self, distance: float) -> None:
        self._into += distance
        while not self.arrived and self._into >= self._lengths[self._leg]:
            self._into -= self._lengths[self._leg]
            self._leg += 1
        if not self.arrived:
            self.heading = self._points[self._leg].heading_to(self._points[self._leg + 1])

    def _speeds_at_bends(self) -> list[float]:
        """The most that each point allows: by how sharp its bend is, and such that the next one can still be taken."""
        speeds = [0.0] * len(self._points)
        for index in range(len(self._points) - 2, -1, -1):
            allowed = self._limits[index] if index == 0 else self._bend_speed(index)
            speeds[index] = min(allowed, math.sqrt(speeds[index + 1] ** 2 + 2 * _SLOW_DOWN * self._lengths[index]))
        return speeds

    def _bend_speed(self, index: int) -> float:
        before = self._points[index - 1].heading_to(self._points[index])
        after = self._points[index].heading_to(self._points[index + 1])
        turn = abs((after - before + 180) % 360 - 180)
        limit = max(self._limits[index - 1], self._limits[index])
        return min(limit, max(3.5, limit * (1 - turn / 80)))
