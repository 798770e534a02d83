"""Phones as far as notifications go: what each shows, and what has arrived."""

import asyncio
import time
from collections import Counter, OrderedDict
from typing import Any

import msgspec

MOST_PHONES = 200_000
MOST_SHOWN = 50
"""Of one app, as on Android: the oldest goes."""
MOST_REMEMBERED = 10_000
"""Arrivals of a phone that can be asked for."""
MOST_SECONDS = 7_200


class Shown(msgspec.Struct, frozen=True):
    """One notification on the screen. What comes under the same name replaces it."""

    name: str
    id: str
    type: str
    title: str
    body: str
    at: float
    """Unix time."""
    replaced: int = 0
    """How many were shown under this name before."""


class Arrival(msgspec.Struct):
    """All arrivals of one notification."""

    count: int
    first_at: float


class Phone(msgspec.Struct):
    """One app on one device, by its push token."""

    provider: str
    token: str
    label: str = ""
    environment: str | None = None
    shown: dict[str, Shown] = {}
    arrived: dict[str, Arrival] = {}


class Phones:
    """All of them. A phone is there as soon as something arrives for it."""

    def __init__(self) -> None:
        self._phones: OrderedDict[tuple[str, str], Phone] = OrderedDict()
        self._changed = asyncio.Event()
        self.version = 0
        """Rises with every change."""
        self.per_second: dict[str, Counter[int]] = {}
        """Arrivals by provider and second of Unix time."""

    def phone(self, provider: str, token: str) -> Phone:
        """The phone with this push token."""
        phone = self._phones.get((provider, token))
        if phone is None:
            phone = self._phones[provider, token] = Phone(provider, token)
            if len(self._phones) > MOST_PHONES:
                self._phones.popitem(last=False)
        return phone

    def known(self, provider: str, token: str) -> Phone | None:
        """The phone, if there is one."""
        return self._phones.get((provider, token))

    def show(self, provider: str, token: str, name: str, message: dict[str, Any]) -> None:
        """`message` has id, type, title and body."""
        now = time.time()
        phone = self.phone(provider, token)
        self._phones.move_to_end((provider, token))
        before = phone.shown.pop(name, None)
        fields = {key: str(message.get(key, "")) for key in ("id", "type", "title", "body")}
        replaced = 0 if before is None else before.replaced + 1
        phone.shown[name] = Shown(name=name, at=now, replaced=replaced, **fields)
        if len(phone.shown) > MOST_SHOWN:
            del phone.shown[next(iter(phone.shown))]
        self._count(phone, fields["id"], now)
        self.changed()

    def label(self, provider: str, token: str, label: str, environment: str | None) -> None:
        """Give a phone a name for people, and say which of Apple's services knows it."""
        phone = self.phone(provider, token)
        phone.label, phone.environment = label, environment
        self.changed()

    def all(self, most: int = MOST_PHONES) -> list[Phone]:
        """Those with the latest arrivals first."""
        newest = list(reversed(self._phones.values()))
        return newest[:most]

    def forget(self) -> None:
        """Begin anew."""
        self._phones.clear()
        self.per_second.clear()
        self.changed()

    def changed(self) -> None:
        """Wake all who wait."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def change_after(self, version: int) -> int:
        """Returns the version when it is another one."""
        while self.version == version:
            await self._changed.wait()
        return self.version

    def _count(self, phone: Phone, notification: str, now: float) -> None:
        arrival = phone.arrived.get(notification)
        if arrival is not None:
            arrival.count += 1
        else:
            phone.arrived[notification] = Arrival(1, now)
            if len(phone.arrived) > MOST_REMEMBERED:
                del phone.arrived[next(iter(phone.arrived))]
        seconds = self.per_second.setdefault(phone.provider, Counter())
        seconds[int(now)] += 1
        if len(seconds) > MOST_SECONDS:
            del seconds[min(seconds)]
