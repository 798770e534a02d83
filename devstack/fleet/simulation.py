"""All vehicles together, second by second. Knows no clock and no network: it is told the time."""

from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import Any

from devstack.fleet.courier import Courier, Event, VehicleKind
from devstack.fleet.plane import Point
from devstack.fleet.receiver import Receiver
from devstack.fleet.region import SEED, Region

VAN = VehicleKind("van", top_speed=27.0, orders=(3, 6), reach=3_200)
TRUCK = VehicleKind("truck", top_speed=23.0, orders=(1, 2), reach=11_000)
BIKE = VehicleKind("bike", top_speed=6.5, orders=(2, 4), reach=1_500)
_FLEET = ((VAN, 24), (TRUCK, 10), (BIKE, 6))
_DEPOTS = (Point(2_500, -2_600), Point(-2_900, -900), Point(700, 600))
_FIRST_SILENCE, _SILENCE_EVERY, _SILENCE_SECONDS = 15.0, 140.0, 200.0
_LONGEST_HISTORY = 1_500
"""Seconds that a vehicle may have been at work before the simulation begins: they do not all start at the depot."""


class Simulation:
    """The fleet. The same seed and run give the same fleet, day and faults."""

    def __init__(self, region: Region, run: str, seed: int = SEED) -> None:
        self._random = Random(f"{seed} faults")
        numbers = count(1)
        self.receivers = [
            Receiver(courier, Random(f"{seed} {courier.name} receiver"), run)
            for courier in _couriers(region, seed, lambda: f"A-{run}-{next(numbers)}")
        ]
        self._next_silence = _FIRST_SILENCE
        for receiver in self.receivers:
            for _ in range(self._random.randrange(_LONGEST_HISTORY)):
                receiver.courier.advance(1.0)

    @property
    def couriers(self) -> list[Courier]:
        return [receiver.courier for receiver in self.receivers]

    def introduce(self) -> list[Event]:
        """What must be told before the first ping."""
        return [event for courier in self.couriers for event in courier.introduce()]

    def advance(self, elapsed: float, seconds: float, time: str) -> tuple[list[Event], list[dict[str, Any]]]:
        """Lets `seconds` go by, up to `elapsed` seconds since the start. Returns what happened, and the pings."""
        self._fall_silent(elapsed)
        events: list[Event] = []
        pings: list[dict[str, Any]] = []
        for receiver in self.receivers:
            events += receiver.courier.advance(seconds)
            pings += receiver.read(elapsed, time)
        return events, pings

    def _fall_silent(self, elapsed: float) -> None:
        if elapsed < self._next_silence:
            return
        self._next_silence = elapsed + _SILENCE_EVERY
        self._random.choice(self.receivers).silent_until = elapsed + _SILENCE_SECONDS


def _couriers(region: Region, seed: int, new_order: Callable[[], str]) -> Iterator[Courier]:
    depots = [region.roads.nearest(point) for point in _DEPOTS]
    for kind, number in _FLEET:
        for index in range(1, number + 1):
            name = f"{kind.name}-{index:02}"
            depot = depots[2] if kind is BIKE else depots[index % 2]
            yield Courier(name, kind, depot, region.roads, Random(f"{seed} {name}"), new_order)
