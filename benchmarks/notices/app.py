"""An app of one user: the official Python client, which drops ids that it knows."""

import asyncio
import contextlib
from collections import Counter
from typing import Any, Self

import msgspec
from centrifuge import Client, ClientEventHandler
from centrifuge.exceptions import CentrifugeError

CONNECTED_WITHIN = 30.0  # seconds
CLOSED_WITHIN = 5.0
ACK_AGAIN = 0.5


class App:
    """Connected while the context lasts, however often the connection is lost.

    `acks`: whether it acknowledges what it shows.
    """

    def __init__(self, url: str, token: str, *, acks: bool) -> None:
        self._acks = acks
        self._tasks: set[asyncio.Task[None]] = set()
        self.client = Client(url, token=token, events=_Events(self))
        self.shown: list[str] = []
        """Notifications in the order in which they came, each once."""
        self.came: Counter[str] = Counter()
        """How often each came."""
        self.bodies: dict[str, dict[str, Any]] = {}
        self.acked: set[str] = set()
        """Those whose acknowledgement was answered."""
        self.inbox: list[dict[str, Any]] = []
        """What was done in the inbox on another device."""
        self.connected = asyncio.Event()
        self.unrecovered = 0
        """How often it was told that what it missed cannot be had."""

    async def __aenter__(self) -> Self:
        await self.client.connect()
        async with asyncio.timeout(CONNECTED_WITHIN):
            await self.connected.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await self.client.disconnect()
        # It closes its socket in the background, and has no way to tell when it is done.
        closing = set(self.client._background_tasks)  # noqa: SLF001
        if closing:
            await asyncio.wait(closing, timeout=CLOSED_WITHIN)

    def take(self, data: Any) -> None:
        """Something came on the user's own channel."""
        if data.get("kind") == "inbox":
            self.inbox.append(data)
        elif data.get("kind") == "notification":
            name = data["id"]
            self.came[name] += 1
            if self.came[name] == 1:
                self.shown.append(name)
                self.bodies[name] = data
                if self._acks:
                    task = asyncio.create_task(self._ack(name))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    async def _ack(self, name: str) -> None:
        """Until it is answered."""
        while name not in self.acked:
            with contextlib.suppress(CentrifugeError, TimeoutError):
                answer = await self.client.rpc("ack", {"ids": [name]})
                told = answer.data if isinstance(answer.data, dict) else msgspec.json.decode(answer.data)
                self.acked.update(told["acked"])
            if name not in self.acked:
                await asyncio.sleep(ACK_AGAIN)


class _Events(ClientEventHandler):  # type: ignore[misc]  # the SDK ships no types
    def __init__(self, app: App) -> None:
        self._app = app

    async def on_connected(self, ctx: Any) -> None:  # noqa: ARG002 the SDK hands it over
        self._app.connected.set()

    async def on_subscribed(self, ctx: Any) -> None:
        """The user's own channel, subscribed by the server."""
        if ctx.was_recovering and not ctx.recovered:
            self._app.unrecovered += 1

    async def on_publication(self, ctx: Any) -> None:
        self._app.take(ctx.pub.data)
