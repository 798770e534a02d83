"""`python -m benchmarks.gateway.bare_server`: the least that could write the same frames to as many sockets.

A handshake that looks at nothing, groups of transports, and a loop that writes a ready frame to each of a group: no
Kafka, no token, no history, no queue. What the gateway needs beyond this is the price of what it does.
"""

import asyncio
import gc
import os
import sys
import time
from typing import cast

import msgspec
import uvloop

from benchmarks.gateway.crowd import tell
from benchmarks.gateway.producer import ASSETS, payload_of
from benchmarks.gateway.work import channel_name
from push_service.gateway.websocket.frames import text_frame

_ANSWERS = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    text_frame(b'{"id":1,"connect":{"client":"bare"}}'),
    text_frame(b'{"id":2,"subscribe":{}}'),
)


class BarePlan(msgspec.Struct, frozen=True):
    """On which core (None: any), and into how many groups its sockets fall in turn."""

    core: int | None
    channels: int


class Listening(msgspec.Struct, frozen=True, tag="listening"):
    """Where."""

    port: int


class Write(msgspec.Struct, frozen=True):
    """So many frames per second, each to all of one group, for so many seconds."""

    rate: float
    seconds: float


class BareResult(msgspec.Struct, frozen=True, tag="result"):
    """How many writes there were, and in how many seconds."""

    writes: int
    seconds: float


class BareServer:
    """Groups of transports."""

    def __init__(self, channels: int) -> None:
        self.groups: list[list[asyncio.Transport]] = [[] for _ in range(channels)]
        self._joined = 0

    def join(self, transport: asyncio.Transport) -> None:
        self.groups[self._joined % len(self.groups)].append(transport)
        self._joined += 1

    async def run(self) -> None:
        """Serves until it has written what it is told to, and is told to go."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: BareSocket(self), "127.0.0.1", 0, backlog=4_096)
        tell(Listening(listener.sockets[0].getsockname()[1]))
        order = msgspec.json.decode(await asyncio.to_thread(sys.stdin.readline), type=Write)
        tell(await self._write(order))
        await asyncio.to_thread(sys.stdin.read)

    async def _write(self, order: Write) -> BareResult:
        writes = 0
        began = time.monotonic()
        for number in range(round(order.rate * order.seconds)):
            wait = began + number / order.rate - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            group = number % len(self.groups)
            frame = _frame(group, number // len(self.groups))
            for transport in self.groups[group]:
                transport.write(frame)
            writes += len(self.groups[group])
        return BareResult(writes, time.monotonic() - began)


class BareSocket(asyncio.Protocol):
    """Answers three times, whatever it is asked."""

    __slots__ = ("_answers", "_server", "_transport")

    def __init__(self, server: BareServer) -> None:
        self._server = server
        self._answers = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, _data: bytes) -> None:
        if self._answers < len(_ANSWERS):
            self._transport.write(_ANSWERS[self._answers])
            self._answers += 1
            if self._answers == len(_ANSWERS):
                self._server.join(self._transport)


def _frame(group: int, number: int) -> bytes:
    head, tail = payload_of(f"truck-{number % ASSETS}", number)
    return text_frame(
        b'{"push":{"channel":"%b","pub":{"data":%b%016d%b,"offset":%d}}}'
        % (channel_name(group).encode(), head, time.time_ns() // 1000, tail, number + 1)
    )


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.readline(), type=BarePlan)
    if plan.core is not None:
        os.sched_setaffinity(0, {plan.core})
    gc.freeze()
    gc.disable()
    uvloop.run(BareServer(plan.channels).run())


if __name__ == "__main__":
    main()
