"""npm `centrifuge` on Node, in a process of its own (`watch.mjs`)."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, Self

import msgspec

from benchmarks.official.watching import Publication, Subscribed, Watcher

NODE = Path(sys.executable).with_name("node")
SCRIPT = Path(__file__).with_name("watch.mjs")
READY_WITHIN = 30.0  # seconds
END_WITHIN = 10.0
MOST_LINE = 4 * 1024 * 1024


class NodeWatcher(Watcher):
    """See Watcher."""

    name = "npm centrifuge"

    _process: asyncio.subprocess.Process
    _reader: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            str(NODE),
            str(SCRIPT),
            env={**os.environ, "NODE_OPTIONS": ""},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=MOST_LINE,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(
            msgspec.json.encode({"url": self._url, "token": self._token, "channels": self._channels}) + b"\n"
        )
        self._reader = asyncio.create_task(self._read())
        try:
            await self.seen.until(lambda: self._reader.done() or self._all_subscribed(), READY_WITHIN)
            self._check_alive()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(END_WITHIN):
                await self._reader
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _check_alive(self) -> None:
        if self._reader.done():
            raise RuntimeError(f"node ended: {self.seen.troubles}")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._take(msgspec.json.decode(line))
        self.seen.tell()

    def _take(self, event: dict[str, Any]) -> None:
        match event.pop("event"):
            case "publication":
                self.seen.publications.append(Publication(**event))
            case "subscribed":
                self.seen.subscribed.append(Subscribed(**event))
            case "connected":
                self.seen.connects += 1
            case _:
                self.seen.troubles.append(event["what"])
        self.seen.tell()
