"""`python -m benchmarks.speed.latency_watch`: clients of the gateway in a process of their own.

Its plan is a line of JSON on its input. It writes a line when it is subscribed, one of progress a second, and its
result after a second line of input, which says how many pings were sent. Latency is from a ping's event time, which is
when it was due to be sent, to its arrival on the fleet's channel. More sockets follow single assets and orders.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Sequence

import aiohttp
import msgspec
import uvloop

from benchmarks.live_client import LiveClient
from benchmarks.speed.percentiles import Percentiles
from domain.instants import SECOND, parse_rfc3339


class WatchPlan(msgspec.Struct, frozen=True):
    """Whom to watch. `others` are channels with a socket each."""

    url: str
    token: str
    channel: str
    others: Sequence[str]


class Finish(msgspec.Struct, frozen=True):
    """Pings are numbered from 0: how many there were, and from which on they are measured."""

    sent: int
    measured_from: int
    within: float
    """Seconds to wait for those that are missing."""


class WatchProgress(msgspec.Struct, frozen=True, tag="progress"):
    """Distinct pings seen so far on the fleet's channel."""

    seen: int


class WatchResult(msgspec.Struct, frozen=True, tag="result"):
    """In the end."""

    seen: int
    repeats: int
    missing: list[int]
    others: int
    """Publications on the other sockets."""
    latency: Percentiles


class _Data(msgspec.Struct):
    id: str
    time: str


class LatencyWatch:
    """Counts what arrives."""

    def __init__(self, plan: WatchPlan) -> None:
        self._plan = plan
        self._decoder = msgspec.json.Decoder(_Data)
        self._seen: set[int] = set()
        self._repeats = 0
        self._others = 0
        self._subscribed = 0
        self._arrivals: list[tuple[int, float, str]] = []

    async def run(self) -> WatchResult:
        """Until told how many pings were sent."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
            watching = [group.create_task(self._watch_other(session, channel)) for channel in self._plan.others]
            watching.append(group.create_task(self._watch_fleet(session)))
            finish = await self._told()
            await self._wait_for(finish)
            for task in watching:
                task.cancel()
        missing = [number for number in range(finish.sent) if number not in self._seen]
        return WatchResult(len(self._seen), self._repeats, missing, self._others, self._latency(finish.measured_from))

    async def _watch_fleet(self, session: aiohttp.ClientSession) -> None:
        async with LiveClient(session, self._plan.url, self._plan.token) as client:
            await client.subscribe(self._plan.channel)
            self._ready()
            async for _, publication in client.publications():
                self._take(time.time(), publication.data)

    async def _watch_other(self, session: aiohttp.ClientSession, channel: str) -> None:
        async with LiveClient(session, self._plan.url, self._plan.token) as client:
            await client.subscribe(channel)
            self._ready()
            async for _ in client.publications():
                self._others += 1

    def _ready(self) -> None:
        self._subscribed += 1
        if self._subscribed == 1 + len(self._plan.others):
            _tell(WatchProgress(0))

    def _take(self, now: float, data: msgspec.Raw) -> None:
        shown = self._decoder.decode(data)
        number = int(shown.id[1:])
        if number in self._seen:
            self._repeats += 1
            return
        self._seen.add(number)
        self._arrivals.append((number, now, shown.time))

    async def _told(self) -> Finish:
        line = asyncio.ensure_future(asyncio.to_thread(sys.stdin.readline))
        while not line.done():
            await asyncio.wait({line}, timeout=1.0)
            if self._seen:
                _tell(WatchProgress(len(self._seen)))
        return msgspec.json.decode(line.result(), type=Finish)

    async def _wait_for(self, finish: Finish) -> None:
        deadline = time.monotonic() + finish.within
        while len(self._seen) < finish.sent and time.monotonic() < deadline:  # noqa: ASYNC110 it is asked at the end
            await asyncio.sleep(0.01)

    def _latency(self, first: int) -> Percentiles:
        """Event times are read only now, which takes longer than to count."""
        return Percentiles.of(
            [arrived - parse_rfc3339(due) / SECOND for number, arrived, due in self._arrivals if number >= first]
        )


def _tell(message: WatchProgress | WatchResult) -> None:
    sys.stdout.write(msgspec.json.encode(message).decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.readline(), type=WatchPlan)
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and the process lives for a minute
    _tell(uvloop.run(LatencyWatch(plan).run()))
    sys.stdin.read()  # it is measured before it ends


if __name__ == "__main__":
    main()
