"""Tells the public API what the fleet does: pings, and beside them, in order, orders, assignments and statuses."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from devstack.fleet.courier import Courier, Event, OrderCarried, OrderPlaced, StatusTold
from devstack.fleet.outbox import Outbox
from devstack.fleet.plane import to_lonlat
from devstack.public_api import ApiRefusedError, ApiUnreachableError, ItemResult, PublicApi

log = structlog.get_logger(__name__)

_PINGS_KEPT, _EVENTS_KEPT = 20_000, 20_000
_BATCH, _PUTS_AT_ONCE = 500, 16


@dataclass(frozen=True)
class Happening:
    """An event and when it happened."""

    event: Event
    time: datetime


def happenings(events: Sequence[Event], time: datetime) -> list[Happening]:
    """Events of one moment, a microsecond apart: of two statuses at the same instant the API would keep the first."""
    return [Happening(event, time + timedelta(microseconds=index)) for index, event in enumerate(events)]


def rfc3339(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Watch:
    """A user who is told what becomes of these assets, and of every order that one of them carries."""

    user: str
    assets: frozenset[str]


class Reporter:
    """Sends what it is given, as fast as the API takes it. Pings never wait for events, nor events for pings."""

    def __init__(self, api: PublicApi, run: str, watch: Watch) -> None:
        self._api = api
        self._run = run
        self._watch = watch
        self._pings: Outbox[dict[str, Any]] = Outbox(_PINGS_KEPT)
        self._events: Outbox[Happening] = Outbox(_EVENTS_KEPT)
        self._news = asyncio.Condition()
        self._carried_since: dict[str, str] = {}
        self._told = 0

    async def register(self, couriers: Sequence[Courier]) -> None:
        """Writes down the fleet's assets, and who watches some of them."""
        entries = [(c.name, {"name": c.name, "type": c.kind.name, "max_speed": 60.0}) for c in couriers]
        watched = [self._watcher(f"asset/{asset}") for asset in sorted(self._watch.assets)]
        await self._put([("assets", name, entry) for name, entry in entries] + watched)

    async def put(self, events: list[Happening], pings: list[dict[str, Any]]) -> None:
        async with self._news:
            self._events.put(events)
            self._pings.put(pings)
            self._news.notify_all()

    async def tell(self, told: list[Happening]) -> None:
        """Sends these events now: first who is told, then all other reference data, then the statuses on top of it."""
        await self._put([self._watcher(f"order/{order}") for order in self._newly_watched(told)])
        entries = [entry for happening in told if (entry := self._entry(happening)) is not None]
        await self._put(entries)
        changes = [
            self._change(happening.event, happening.time)
            for happening in told
            if isinstance(happening.event, StatusTold)
        ]
        for first in range(0, len(changes), _BATCH):
            _warn_of_refusals(await self._api.post_status_changes(changes[first : first + _BATCH]))

    async def run(self) -> None:
        """Sends until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send_pings())
            group.create_task(self._send_events())

    async def _send_pings(self) -> None:
        while True:
            pings = await self._next(lambda: self._pings.take(_BATCH))
            with _complaining():
                _warn_of_refusals(await self._api.post_pings(pings))

    async def _send_events(self) -> None:
        while True:
            told = await self._next(lambda: self._events.take(_BATCH))
            with _complaining():
                await self.tell(told)

    async def _next(self, take: Callable[[], list[Any]]) -> list[Any]:
        async with self._news:
            while not (items := take()):
                await self._news.wait()
            return items

    async def _put(self, entries: list[tuple[str, str, dict[str, Any]]]) -> None:
        """Several at once, but each entry's versions one after another: the last must stay the last."""
        by_id: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for kind, entry_id, entry in entries:
            by_id.setdefault((kind, entry_id), []).append(entry)
        room = asyncio.Semaphore(_PUTS_AT_ONCE)

        async def put(kind: str, entry_id: str, versions: list[dict[str, Any]]) -> None:
            for entry in versions:
                async with room:
                    await self._api.put_reference(kind, entry_id, entry)

        async with asyncio.TaskGroup() as group:
            for (kind, entry_id), versions in by_id.items():
                group.create_task(put(kind, entry_id, versions))

    def _entry(self, happening: Happening) -> tuple[str, str, dict[str, Any]] | None:
        match happening.event:
            case OrderPlaced(order, destination):
                lon, lat = to_lonlat(destination)
                return "orders", order, {"title": f"Parcel {order}", "destination": {"lat": lat, "lon": lon}}
            case OrderCarried(asset, order, carried=True):
                self._carried_since[order] = rfc3339(happening.time)
                return self._assignment(asset, order, {})
            case OrderCarried(asset, order) if order in self._carried_since:
                return self._assignment(asset, order, {"valid_to": rfc3339(happening.time)})
        return None

    def _newly_watched(self, told: Sequence[Happening]) -> Iterator[str]:
        for happening in told:
            match happening.event:
                case OrderCarried(asset, order, carried=True) if asset in self._watch.assets:
                    yield order

    def _watcher(self, entity: str) -> tuple[str, str, dict[str, Any]]:
        user = self._watch.user
        return "watchers", f"{user}.{entity.replace('/', '.')}", {"user": user, "entity": entity}

    def _assignment(self, asset: str, order: str, end: dict[str, str]) -> tuple[str, str, dict[str, Any]]:
        since = self._carried_since.pop(order) if end else self._carried_since[order]
        return "assignments", f"{order}.{asset}", {"asset": asset, "order": order, "valid_from": since, **end}

    def _change(self, event: StatusTold, time: datetime) -> dict[str, Any]:
        self._told += 1
        return {
            "id": f"status.{self._run}.{self._told}",
            "entity": event.entity,
            "status": event.status,
            "time": rfc3339(time),
        }


@contextmanager
def _complaining() -> Iterator[None]:
    """Logs what the API refused or did not take, and goes on: a fleet drives on without us."""
    try:
        yield
    except* (ApiRefusedError, ApiUnreachableError) as group:
        log.warning("not taken", error=str(group.exceptions[0]))


def _warn_of_refusals(results: list[ItemResult]) -> None:
    refused = [result.problem for result in results if result.problem is not None]
    if refused:
        log.warning("refused", items=len(refused), first=f"{refused[0].title}: {refused[0].detail}")
