"""A GPS receiver with the faults of real ones: it trembles, repeats itself, reports late, and falls silent."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from devstack.fleet.courier import Courier
from devstack.fleet.plane import Point, to_lonlat

_TREMBLE = 2.2
"""Metres of deviation; what satellites give in a city under open sky."""
_REPEAT, _HOLD_BACK, _LEAP = 0.008, 0.004, 0.0004
"""How likely a fix is sent twice, is kept back for a while, or is nowhere near."""
_HELD_SECONDS = (8.0, 25.0)
_LEAP_METRES = 6_000.0


@dataclass
class Receiver:
    """The receiver in one vehicle. Pings are as the API takes them."""

    courier: Courier
    random: Random
    run: str
    """Part of each ping's id, so that another run of the fleet makes others."""
    silent_until: float = 0.0
    _count: int = 0
    _held: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def read(self, now: float, time: str) -> list[dict[str, Any]]:
        """The pings to send now: none, one or more. `now` in seconds, `time` the same instant as RFC 3339."""
        if now < self.silent_until:
            return []
        due = [ping for at, ping in self._held if at <= now]
        self._held = [(at, ping) for at, ping in self._held if at > now]
        ping = self._ping(time)
        if self.random.random() < _HOLD_BACK:
            self._held.append((now + self.random.uniform(*_HELD_SECONDS), ping))
            return due
        return [*due, ping, ping] if self.random.random() < _REPEAT else [*due, ping]

    def _ping(self, time: str) -> dict[str, Any]:
        self._count += 1
        deviation = _LEAP_METRES if self.random.random() < _LEAP else _TREMBLE
        tremble = Point(self.random.gauss(0, deviation), self.random.gauss(0, deviation))
        moving = self.courier.speed > 1.0
        lon, lat = to_lonlat(self.courier.position + (tremble if moving else tremble.times(0.2)))
        ping: dict[str, Any] = {
            "id": f"{self.courier.name}.{self.run}.{self._count}",
            "asset": self.courier.name,
            "time": time,
            "lat": lat,
            "lon": lon,
            "speed": round(max(0.0, self.courier.speed + self.random.gauss(0, 0.2)) if moving else 0.0, 2),
            "accuracy": round(abs(self.random.gauss(4.5, 1.5)) + 1, 1),
        }
        if moving:
            ping["heading"] = round(self.courier.heading + self.random.gauss(0, 1.5), 1) % 360
        return ping
