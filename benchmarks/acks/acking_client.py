"""A client of the gateway that acknowledges each notification on its own, when it is told to.

The gateway subscribes everybody to the own channel.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec

WITHIN = 10.0  # seconds


class AckingClient:
    """`delay` gives the seconds from the coming of a notification to its acknowledgement; None: it never is."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, delay: Callable[[], float | None]) -> None:
        self._session = session
        self._url = url
        self._token = token
        self._delay = delay
        self._socket: aiohttp.ClientWebSocketResponse
        self._commands = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.seen: set[str] = set()
        """Notifications that came."""
        self.acked: dict[str, float] = {}
        """Those whose acknowledgement was answered, and when (Unix time)."""
        self.refused = 0

    async def __aenter__(self) -> Self:
        self._socket = await self._session.ws_connect(self._url)
        self._reader = asyncio.create_task(self._read())
        await self._ask({"connect": {"token": self._token}})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader
        await self._socket.close()

    async def settled(self) -> None:
        """Returns when every acknowledgement that was to be made is answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _ask(self, command: dict[str, Any]) -> Any:
        self._commands += 1
        number = self._commands
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(msgspec.json.encode({"id": number, **command}).decode())
        async with asyncio.timeout(WITHIN):
            reply = await answer
        if "error" in reply:
            raise RuntimeError(f"the gateway refused {next(iter(command))}: {reply['error']}")
        return reply

    async def _read(self) -> None:
        async for message in self._socket:
            for line in str(message.data).splitlines():
                reply = msgspec.json.decode(line)
                if not reply:
                    await self._socket.send_str("{}")
                elif "push" in reply:
                    self._on_push(reply["push"])
                elif (answer := self._answers.pop(reply.get("id", 0), None)) is not None and not answer.done():
                    answer.set_result(reply)

    def _on_push(self, push: dict[str, Any]) -> None:
        told = push.get("pub", {}).get("data", {})
        if told.get("kind") != "notification" or told["id"] in self.seen:
            return
        self.seen.add(told["id"])
        delay = self._delay()
        if delay is not None:
            task = asyncio.create_task(self._ack(told["id"], delay))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ack(self, name: str, delay: float) -> None:
        await asyncio.sleep(delay)
        reply = await self._ask({"rpc": {"method": "ack", "data": {"ids": [name]}}})
        if name in reply["rpc"]["data"]["acked"]:
            self.acked[name] = time.time()
        else:
            self.refused += 1
