"""A TCP proxy between a client and the gateway: it keeps what the gateway sent, and can cut the wire."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

CHUNK = 65_536


class Wiretap:
    """Listens on `url`, passes all on to `upstream`. `heard` is every byte that the gateway sent, on all wires."""

    def __init__(self, upstream: str) -> None:
        self._parts = urlsplit(upstream)
        self._server: asyncio.Server
        self._wires: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.heard = bytearray()
        self.wires = 0

    @property
    def url(self) -> str:
        port = self._server.sockets[0].getsockname()[1]
        return self._parts._replace(netloc=f"127.0.0.1:{port}").geturl()

    def cut(self) -> None:
        """Reset every connection, and let none in until `mend`."""
        self._open.clear()
        for wire in self._wires:
            wire.transport.abort()

    def mend(self) -> None:
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        self._wires.add(writer)
        try:
            await self._open.wait()
            there, back = await asyncio.open_connection(self._parts.hostname, self._parts.port)
            self.wires += 1
            self._wires.add(back)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, back, None))
                both.create_task(self._pass(there, writer, self.heard))
            back.close()
            self._wires.discard(back)
        finally:
            writer.close()
            self._wires.discard(writer)
            self._passing.discard(task)

    @staticmethod
    async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter, tap: bytearray | None) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK):
                if tap is not None:
                    tap += chunk
                sink.write(chunk)
                await sink.drain()
        sink.transport.abort()


@contextlib.asynccontextmanager
async def open_wiretap(upstream: str) -> AsyncIterator[Wiretap]:
    """A tap in front of `upstream`, a ws:// address."""
    tap = Wiretap(upstream)
    tap._server = await asyncio.start_server(tap._serve, "127.0.0.1", 0)
    try:
        yield tap
    finally:
        tap._server.close()
        tap._open.set()
        for wire in list(tap._wires):
            wire.transport.abort()
        await asyncio.gather(*tap._passing, return_exceptions=True)
