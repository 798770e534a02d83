"""A client of our own for what the official ones do not show: frames, close codes, several commands at once."""

import asyncio
import contextlib
import json
from typing import Any, Protocol, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.gateway.running import DEADLINE, ClosingClient, token


class Reachable(Protocol):
    """A gateway, wherever it runs."""

    clients: list[ClosingClient]

    @property
    def socket_url(self) -> str: ...


class RawClient:
    """JSON over a WebSocket, reply by reply. Pings are answered unless `silent`."""

    def __init__(self, connection: ClientConnection, *, silent: bool) -> None:
        self.connection = connection
        self.pings = 0
        self.frames: list[str] = []
        self._silent = silent
        self._ids = 0
        self._received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._put_back: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, gateway: Reachable, *, silent: bool = False, **options: Any) -> Self:
        options.setdefault("compression", None)
        client = cls(await connect(gateway.socket_url, proxy=None, **options), silent=silent)
        gateway.clients.append(client)
        return client

    @classmethod
    async def connected(cls, gateway: Reachable, *fleets: str, silent: bool = False, **options: Any) -> Self:
        client = await cls.open(gateway, silent=silent, **options)
        reply = await client.ask(connect={"token": token(*fleets)})
        assert "error" not in reply, reply
        return client

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self.connection:
                self.frames.append(str(message))
                for line in str(message).split("\n"):
                    reply = json.loads(line)
                    if reply:
                        self._received.put_nowait(reply)
                        continue
                    self.pings += 1
                    if not self._silent:
                        await self.connection.send("{}")

    async def send(self, *commands: dict[str, Any]) -> None:
        await self.connection.send("\n".join(json.dumps(command) for command in commands))

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Sends a command and gives its reply; pushes that come before it are kept."""
        self._ids += 1
        await self.send({"id": self._ids, **command})
        return await self.reply(self._ids)

    async def reply(self, command_id: int) -> dict[str, Any]:
        kept: list[dict[str, Any]] = []
        while (reply := await self.next()).get("id") != command_id:
            kept.append(reply)
        self._put_back = kept + self._put_back
        return reply

    async def subscribe(self, channel: str, **request: Any) -> dict[str, Any]:
        """The subscribe result; fails on an error."""
        reply = await self.ask(subscribe={"channel": channel, **request})
        assert "subscribe" in reply, reply
        result: dict[str, Any] = reply["subscribe"]
        return result

    async def next(self) -> dict[str, Any]:
        """The next reply or push."""
        if self._put_back:
            return self._put_back.pop(0)
        async with asyncio.timeout(DEADLINE):
            return await self._received.get()

    async def push(self) -> dict[str, Any]:
        """The next publication that is pushed."""
        reply = await self.next()
        assert "push" in reply, reply
        pub: dict[str, Any] = reply["push"]["pub"]
        return pub

    async def pushes(self, count: int) -> list[dict[str, Any]]:
        return [await self.push() for _ in range(count)]

    async def closed(self) -> tuple[int, str]:
        """The close code and reason, once the gateway has closed."""
        async with asyncio.timeout(DEADLINE):
            await self._reading
        closed = self.connection.protocol.close_rcvd
        assert closed is not None, "cut off without a close frame"
        return closed.code, closed.reason

    async def close(self) -> None:
        await self.connection.close()
        await self._reading
