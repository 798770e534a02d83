"""PyPI `centrifuge-python`, as an app uses it."""

import asyncio
from collections.abc import Sequence
from typing import Any, Self

from centrifuge import Client, ClientEventHandler, SubscriptionEventHandler

from benchmarks.official.watching import Publication, Sightings, Subscribed, Watcher

READY_WITHIN = 20.0  # seconds
CLOSED_WITHIN = 5.0


class PythonWatcher(Watcher):
    """See Watcher."""

    name = "centrifuge-python"

    def __init__(self, url: str, token: str, channels: Sequence[str]) -> None:
        super().__init__(url, token, channels)
        self._client = Client(url, token=token, events=_Connection(self.seen))

    async def __aenter__(self) -> Self:
        for channel in self._channels:
            subscription = self._client.new_subscription(channel, events=_Channel(channel, self.seen))
            await subscription.subscribe()
        await self._client.connect()
        try:
            await self.seen.until(self._all_subscribed, READY_WITHIN)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.disconnect()
        # It closes its socket in the background, and has no way to tell when it is done.
        closing = set(self._client._background_tasks)  # noqa: SLF001
        if closing:
            await asyncio.wait(closing, timeout=CLOSED_WITHIN)


class _Connection(ClientEventHandler):  # type: ignore[misc]  # the SDK ships no types
    def __init__(self, seen: Sightings) -> None:
        self._seen = seen

    async def on_connected(self, ctx: Any) -> None:  # noqa: ARG002 the SDK hands it over
        self._seen.connects += 1
        self._seen.tell()

    async def on_disconnected(self, ctx: Any) -> None:
        if ctx.code:  # 0: we asked for it
            self._trouble(f"disconnected: {ctx.code} {ctx.reason}")

    async def on_error(self, ctx: Any) -> None:
        self._trouble(f"client: {ctx.code} {ctx.error}")

    def _trouble(self, what: str) -> None:
        self._seen.troubles.append(what)
        self._seen.tell()


class _Channel(SubscriptionEventHandler):  # type: ignore[misc]
    def __init__(self, channel: str, seen: Sightings) -> None:
        self._channel = channel
        self._seen = seen

    async def on_subscribed(self, ctx: Any) -> None:
        position = ctx.stream_position
        self._seen.subscribed.append(
            Subscribed(self._channel, position.offset, position.epoch, ctx.recovered, ctx.was_recovering, ctx.data)
        )
        self._seen.tell()

    async def on_publication(self, ctx: Any) -> None:
        self._seen.publications.append(Publication(self._channel, ctx.pub.offset, ctx.pub.data))
        self._seen.tell()

    async def on_unsubscribed(self, ctx: Any) -> None:
        if ctx.code:
            self._trouble(f"unsubscribed: {ctx.code} {ctx.reason}")

    async def on_error(self, ctx: Any) -> None:
        self._trouble(f"{self._channel}: {ctx.code} {ctx.error}")

    def _trouble(self, what: str) -> None:
        self._seen.troubles.append(what)
        self._seen.tell()
