"""A courier's day: load orders at the depot, bring each to its door, come back, rest, and again."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from devstack.fleet.drive import Drive
from devstack.fleet.plane import Point
from devstack.fleet.roads import RoadNetwork


class Phase(enum.StrEnum):
    """What a vehicle does; the values are its statuses."""

    IDLE = "idle"
    LOADING = "loading"
    EN_ROUTE = "en_route"
    DELIVERING = "delivering"


_SECONDS = {Phase.IDLE: (60, 180), Phase.LOADING: (45, 120), Phase.DELIVERING: (50, 160)}


@dataclass(frozen=True)
class StatusTold:
    """An entity (`asset/van-01`, `order/A-1`) has a new status."""

    entity: str
    status: str


@dataclass(frozen=True)
class OrderPlaced:
    """There is a new order, to be brought to a place."""

    order: str
    destination: Point


@dataclass(frozen=True)
class OrderCarried:
    """From now on the asset carries the order, or from now on it no longer does."""

    asset: str
    order: str
    carried: bool


Event = StatusTold | OrderPlaced | OrderCarried


@dataclass(frozen=True)
class VehicleKind:
    """What all vehicles of a kind share; speed in metres per second, orders on one round from and to."""

    name: str
    top_speed: float
    orders: tuple[int, int]
    reach: float
    """Metres from the depot to the farthest door."""


@dataclass
class _Parcel:
    order: str
    door: int


class Courier:
    """One vehicle. `advance` moves it and tells what happened; the same random numbers give the same day."""

    def __init__(
        self, name: str, kind: VehicleKind, depot: int, roads: RoadNetwork, random: Random, new_order: Callable[[], str]
    ) -> None:
        self.name = name
        self.kind = kind
        self.phase = Phase.IDLE
        self._depot = self._place = depot
        self._roads = roads
        self._random = random
        self._new_order = new_order
        self._doors = [place for place in roads.roads if roads.length(depot, place) < kind.reach]
        self._parcels: list[_Parcel] = []
        self._drive = Drive(roads.places[depot], [], kind.top_speed)
        self._wait = random.uniform(0, 20)
        self._events: list[Event] = []

    @property
    def position(self) -> Point:
        return self._drive.position

    @property
    def speed(self) -> float:
        """Metres per second."""
        return self._drive.speed

    @property
    def heading(self) -> float:
        """Degrees clockwise from north; a parked vehicle keeps its last."""
        return self._drive.heading

    def advance(self, seconds: float) -> list[Event]:
        """Lets time go by; at most one phase ends in it."""
        if self.phase is Phase.EN_ROUTE:
            self._drive.advance(seconds)
            if self._drive.arrived:
                self._arrive()
        else:
            self._wait -= seconds
            if self._wait <= 0:
                self._go_on()
        events, self._events = self._events, []
        return events

    def introduce(self) -> list[Event]:
        """What somebody who knows nothing yet must be told: the vehicle's status and the orders that it carries."""
        events: list[Event] = [StatusTold(f"asset/{self.name}", self.phase)]
        for parcel in self._parcels:
            events += self._placed(parcel)
            if self.phase is not Phase.LOADING:
                events.append(StatusTold(f"order/{parcel.order}", "out_for_delivery"))
        return events

    def _go_on(self) -> None:
        if self.phase is Phase.IDLE:
            self._load()
            return
        if self.phase is Phase.LOADING:
            self._events += [StatusTold(f"order/{parcel.order}", "out_for_delivery") for parcel in self._parcels]
        elif self.phase is Phase.DELIVERING:
            self._hand_over()
        self._enter(Phase.EN_ROUTE)
        self._parcels.sort(key=lambda parcel: self._roads.length(self._place, parcel.door))
        goal = self._parcels[0].door if self._parcels else self._depot
        self._drive = Drive(self._roads.places[self._place], self._roads.route(self._place, goal), self.kind.top_speed)
        self._place = goal

    def _load(self) -> None:
        for door in self._random.choices(self._doors, k=self._random.randint(*self.kind.orders)):
            self._parcels.append(_Parcel(self._new_order(), door))
        for parcel in self._parcels:
            self._events += self._placed(parcel)
        self._enter(Phase.LOADING)
        self._events += [StatusTold(f"order/{parcel.order}", "picked_up") for parcel in self._parcels]

    def _placed(self, parcel: _Parcel) -> list[Event]:
        return [
            OrderPlaced(parcel.order, self._roads.places[parcel.door]),
            OrderCarried(self.name, parcel.order, carried=True),
            StatusTold(f"order/{parcel.order}", "created"),
        ]

    def _arrive(self) -> None:
        self._enter(Phase.DELIVERING if self._parcels else Phase.IDLE)

    def _hand_over(self) -> None:
        order = self._parcels.pop(0).order
        self._events += [StatusTold(f"order/{order}", "delivered"), OrderCarried(self.name, order, carried=False)]

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._wait = self._random.uniform(*_SECONDS.get(phase, (0, 0)))
        self._events.append(StatusTold(f"asset/{self.name}", phase))
