"""`python -m benchmarks.speed.open_loop`: an open-loop load in a process of its own.

Its plan is a line of JSON on its input; it writes a line of progress a second and its result as the last line. Requests
are due at random instants (a Poisson stream) that do not depend on answers. A request that has to wait because its
connection is still busy waits in our queue, and its latency counts from the instant at which it was due: slow answers
cannot hide behind requests that were never sent (coordinated omission).
"""

import asyncio
import gc
import random
import sys
import time
from collections import Counter, deque
from urllib.parse import urlsplit

import msgspec
import uvloop

from benchmarks.speed.http_connection import HttpConnection, request, request_head
from benchmarks.speed.percentiles import Percentiles
from benchmarks.tracks import fix
from domain.instants import SECOND

TICK = 0.001  # seconds
ANSWERS_WITHIN = 15.0


class LoadPlan(msgspec.Struct, frozen=True):
    """What to send."""

    url: str
    credential: str
    fleet: str
    rate: float
    """Pings per second."""
    warm_up: float
    """Seconds of the same load before those that are measured, for what has to be compiled, connected and cached."""
    seconds: float
    assets: int
    connections: int
    batch: int
    """Pings in one request."""


class LoadProgress(msgspec.Struct, frozen=True, tag="progress"):
    """So far, in pings. `warm`: what is sent from now on is measured."""

    warm: bool
    sent: int
    accepted: int
    errors: int


class LoadResult(msgspec.Struct, frozen=True, tag="result"):
    """In the end. `not_accepted` are numbers of pings; from `measured_from` on they were measured."""

    sent: int
    measured_from: int
    accepted: int
    answers: dict[int, int]
    """Requests by status; 0 is none."""
    not_accepted: list[int]
    ack: Percentiles


def ping_id(number: int) -> str:
    """The id of the ping of that number, from 0."""
    return f"b{number}"


class _Request(msgspec.Struct):
    due: float  # seconds from the start
    first: int  # the number of its first ping


class OpenLoop:
    """An asset always uses the same connection, as a device does, so its pings stay in order."""

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._head = request_head(urlsplit(plan.url).netloc, f"/v1/pings?fleet={plan.fleet}", plan.credential)
        self._encoder = msgspec.json.Encoder()
        self._requests = _schedule(plan)
        self._waiting: list[deque[_Request]] = [deque() for _ in range(plan.connections)]
        self._connections: list[HttpConnection] = []
        self._busy = [False] * plan.connections
        self._start = 0.0
        self._sent = 0
        self._latencies: list[float] = []
        self._answers: Counter[int] = Counter()
        self._not_accepted: list[int] = []

    async def run(self) -> LoadResult:
        """Sends everything; waits for the answers."""
        loop = asyncio.get_running_loop()
        address = urlsplit(self._plan.url)
        host, port = address.hostname or "", address.port or 80
        for _ in range(self._plan.connections):
            _, connection = await loop.create_connection(HttpConnection, host, port)
            self._connections.append(connection)
        self._start = time.time()
        tell_at = self._start
        for each in self._requests:
            while (ahead := self._start + each.due - time.time()) > 0:
                await asyncio.sleep(min(ahead, TICK))
                if time.time() >= tell_at:
                    _tell(self._progress())
                    tell_at += 1.0
            self._enqueue(each)
        await self._answered()
        return self._result()

    def _enqueue(self, each: _Request) -> None:
        index = each.first // self._plan.batch % self._plan.connections
        self._waiting[index].append(each)
        if not self._busy[index]:
            self._post(index)

    def _post(self, index: int) -> None:
        each = self._waiting[index].popleft()
        self._busy[index] = True
        self._sent += self._plan.batch

        def done(status: int) -> None:
            self._busy[index] = False
            self._answered_one(each, status)
            if self._waiting[index]:
                self._post(index)

        self._connections[index].post(request(self._head, self._body(each)), done)

    def _body(self, each: _Request) -> bytes:
        plan, time_of = self._plan, int((self._start + each.due) * SECOND)
        pings = []
        for number in range(each.first, each.first + plan.batch):
            asset = number % plan.assets
            pings.append(fix(f"bench-{asset}", asset, time_of, ping_id(number)))
        return self._encoder.encode(pings[0] if plan.batch == 1 else pings)

    def _answered_one(self, each: _Request, status: int) -> None:
        self._answers[status] += 1
        if status == 202 and each.due >= self._plan.warm_up:
            self._latencies.append(time.time() - self._start - each.due)
        if status != 202:
            self._not_accepted.extend(range(each.first, each.first + self._plan.batch))

    async def _answered(self) -> None:
        deadline = time.monotonic() + ANSWERS_WITHIN
        while self._answers.total() < len(self._requests) and time.monotonic() < deadline:  # noqa: ASYNC110 at the end
            await asyncio.sleep(0.01)
        for connection in self._connections:
            connection.close()

    def _progress(self) -> LoadProgress:
        warm = time.time() - self._start >= self._plan.warm_up
        return LoadProgress(warm, self._sent, self._answers[202] * self._plan.batch, len(self._not_accepted))

    def _result(self) -> LoadResult:
        accepted = self._answers[202] * self._plan.batch
        return LoadResult(
            sent=self._sent,
            measured_from=next(each.first for each in self._requests if each.due >= self._plan.warm_up),
            accepted=accepted,
            answers=dict(self._answers),
            not_accepted=sorted(self._not_accepted),
            ack=Percentiles.of(self._latencies),
        )


def _schedule(plan: LoadPlan) -> list[_Request]:
    """Instants at random distances, scaled so that exactly the wanted number falls into the time."""
    seconds = plan.warm_up + plan.seconds
    count = max(1, round(plan.rate * seconds / plan.batch))
    chance = random.Random(1)
    gaps = [chance.expovariate(1.0) for _ in range(count)]
    scale, due, requests = seconds / sum(gaps), 0.0, []
    for index, gap in enumerate(gaps):
        due += gap * scale
        requests.append(_Request(due, index * plan.batch))
    return requests


def _tell(message: LoadProgress | LoadResult) -> None:
    sys.stdout.write(msgspec.json.encode(message).decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.readline(), type=LoadPlan)
    loop = OpenLoop(plan)
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and the process lives for a minute
    _tell(uvloop.run(loop.run()))
    sys.stdin.read()  # it is measured before it ends


if __name__ == "__main__":
    main()
