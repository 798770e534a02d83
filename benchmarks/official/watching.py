"""What a watcher of channels saw, whichever SDK it uses, and how to wait for it."""

import abc
import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, Self


class Publication(NamedTuple):
    """One publication, as the SDK handed it to the app."""

    channel: str
    offset: int
    data: dict[str, Any]


class Subscribed(NamedTuple):
    """One answer to a subscribe, the first or one after a loss. `data` is the snapshot; None without one."""

    channel: str
    offset: int
    epoch: str
    recovered: bool
    was_recovering: bool
    data: dict[str, Any] | None

    def shown(self, entity: str, kind: str = "position") -> dict[str, Any] | None:
        """The payload of an entity in the snapshot; None when it is not in it."""
        items = (self.data or {}).get("items", [])
        return next((item["payload"] for item in items if (item["kind"], item["entity"]) == (kind, entity)), None)


class Sightings:
    """All that a watcher saw, in the order of its SDK's events."""

    def __init__(self) -> None:
        self.publications: list[Publication] = []
        self.subscribed: list[Subscribed] = []
        self.connects = 0
        self.troubles: list[str] = []
        """Errors, disconnects for good, and subscriptions that ended."""
        self._changed = asyncio.Event()

    def on(self, channel: str) -> list[Publication]:
        """The publications of one channel."""
        return [each for each in self.publications if each.channel == channel]

    def ids(self, channel: str) -> list[str]:
        """The event ids on one channel, in order."""
        return [each.data["id"] for each in self.on(channel)]

    def tell(self) -> None:
        """Something was added."""
        self._changed.set()

    async def until(self, true: Callable[[], bool], within: float = 20.0) -> None:
        """Wait until it is true of what was seen. Raises TimeoutError, with what was seen last."""
        try:
            async with asyncio.timeout(within):
                while not true():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            last = self.publications[-1] if self.publications else None
            raise TimeoutError(
                f"not within {within:.0f} s; {len(self.publications)} publications, the last {last}; "
                f"{len(self.subscribed)} subscribes; troubles: {self.troubles}"
            ) from None

    async def until_seen(self, channel: str, ids: Iterable[str], within: float = 20.0) -> None:
        """Wait until all these event ids were published on the channel. Raises TimeoutError."""
        wanted = set(ids)
        await self.until(lambda: wanted <= set(self.ids(channel)), within)


class Watcher(abc.ABC):
    """A client of the gateway: `async with` connects it and returns once every channel was subscribed to."""

    name: ClassVar[str]

    def __init__(self, url: str, token: str, channels: Sequence[str]) -> None:
        self.seen = Sightings()
        self._url = url
        self._token = token
        self._channels = list(channels)

    @abc.abstractmethod
    async def __aenter__(self) -> Self: ...

    @abc.abstractmethod
    async def __aexit__(self, *_: object) -> None: ...

    def _all_subscribed(self) -> bool:
        return {each.channel for each in self.seen.subscribed} >= set(self._channels)
