"""Ten minutes away from a fleet with 200 updates a second: exactly what was missed, in time, also on a new gateway."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiohttp
import msgspec
from confluent_kafka import Producer

from backbone.codec import AvroCodec
from backbone.headers import channels_header
from backbone.registry import SchemaRegistry
from backbone.topics import LIVE
from benchmarks.live_client import LiveClient, LiveRefusedError, Position, SubscribeReply
from benchmarks.stand import own_stack
from devstack.demo import Demo
from devstack.stack_file import StackFile
from domain.channels import asset_channel, fleet_channel
from domain.live_update import LiveUpdate
from domain.source_position import SourcePosition

AWAY_RECORDS = 120_000
OWN = 500
BUSY, SILENT = "truck-busy", "truck-silent"
LATER_RECORDS = 200_000
"""After which the busy asset's first position is further back than a gateway looks."""
RECORDED_WITHIN = 120.0
AGE_MS = 600_000
"""What is produced in a moment carries the times of ten minutes."""


@dataclass(frozen=True)
class Bound:
    """What is promised of one way to come back."""

    what: str
    seconds: float


SAME = Bound("away 10 minutes at 200 updates/s, 500 its own", 1.0)
NEW = Bound("the same on a gateway that has just started", 3.0)
SILENCE = Bound("a channel that was silent meanwhile", 0.1)
BEYOND = Bound("beyond the bound: told so, with the right state", 1.0)


def prove() -> bool:
    """Prints how long each took; whether all were exact and in time."""
    with own_stack(lambda line: print(f"  {line}", flush=True)) as demo:
        return asyncio.run(_Proof(demo).run())


class _Proof:
    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._stack = demo.describe()
        self._producing = _Producing(self._stack)
        self._held = True

    async def run(self) -> bool:
        async with aiohttp.ClientSession() as session:
            self._session = session
            self._producing.produce([SILENT, BUSY])
            async with self._client() as watching:
                # The gateway is at work for somebody else all the time.
                await self._told(lambda: watching.subscribe(fleet_channel(self._stack.fleet)))
                left = Position(*await self._position())
                await asyncio.to_thread(self._producing.away)
                await self._recorded()
                own = self._producing.offsets[BUSY][1:]
                await self._exact(SAME, BUSY, left, own)
                await self._exact(SILENCE, SILENT, left, [])
                await asyncio.to_thread(self._restart)
                await self._exact(NEW, BUSY, left, own)
                await self._exact(SILENCE, SILENT, left, [])
                await asyncio.to_thread(self._producing.later)
                await self._recorded()
                await self._beyond(left)
        return self._held

    def _client(self) -> LiveClient:
        return LiveClient(self._session, self._stack.gateway_url, self._stack.viewer_jwt)

    async def _told(self, subscribe: Callable[[], Awaitable[SubscribeReply]]) -> SubscribeReply:
        """The answer, asked again while it is a temporary error."""
        end = time.monotonic() + RECORDED_WITHIN
        while True:
            try:
                return await subscribe()
            except LiveRefusedError as error:
                if not error.temporary or time.monotonic() > end:
                    raise
                await asyncio.sleep(0.2)

    async def _position(self) -> tuple[str, int]:
        async with self._client() as client:
            reply = await self._told(lambda: client.subscribe(asset_channel(self._stack.fleet, BUSY)))
            return reply.epoch, reply.offset

    async def _recorded(self) -> None:
        """Until the recorder has come to the end: its lag would only make the test easier or harder by chance."""
        end = time.monotonic() + RECORDED_WITHIN
        while time.monotonic() < end:
            async with self._client() as client:
                channel = asset_channel(self._stack.fleet, f"nobody-{time.monotonic_ns()}")
                reply = await self._told(lambda: client.subscribe(channel))  # noqa: B023 awaited here
            if msgspec.json.decode(reply.data)["offset"] >= self._producing.end:
                return
            await asyncio.sleep(0.5)
        raise TimeoutError("the recorder did not come to the end")

    async def _resumed(self, asset: str, left: Position) -> tuple[float, SubscribeReply]:
        """Seconds from the subscribe to its answer."""
        async with self._client() as client:
            began = time.monotonic()
            reply = await client.subscribe(asset_channel(self._stack.fleet, asset), left)
            return time.monotonic() - began, reply

    async def _exact(self, bound: Bound, asset: str, left: Position, expected: Sequence[int]) -> None:
        seconds, reply = await self._resumed(asset, left)
        exact = reply.recovered and [each.offset - 1 for each in reply.publications] == list(expected)
        self._tell(bound, seconds, f"{len(reply.publications)} publications", exact=exact)

    async def _beyond(self, left: Position) -> None:
        seconds, reply = await self._resumed(BUSY, left)
        items = msgspec.json.decode(reply.data)["items"] if reply.data else []
        right = [item["payload"]["n"] for item in items] == [self._producing.offsets[BUSY][-1]]
        self._tell(BEYOND, seconds, f"recovered: {str(reply.recovered).lower()}", exact=not reply.recovered and right)

    def _tell(self, bound: Bound, seconds: float, found: str, *, exact: bool) -> None:
        holds = exact and seconds <= bound.seconds
        self._held = self._held and holds
        print(
            f"  {'ok    ' if holds else 'FAILED'} {bound.what}: {found}{'' if exact else ', NOT EXACT'},"
            f" {seconds * 1000:.0f} ms (at most {bound.seconds * 1000:.0f})",
            flush=True,
        )

    def _restart(self) -> None:
        self._demo.stack["gateway"].kill()
        self._demo.stack["gateway"].start()


class _Producing:
    """Live records of one fleet, produced as fast as Kafka takes them."""

    def __init__(self, stack: StackFile) -> None:
        self._fleet = stack.fleet
        self._codec = AvroCodec(SchemaRegistry(stack.registry_url))
        self._codec.prepare([LIVE])
        self._producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "partitioner": "murmur2_random"})
        self.offsets: dict[str, list[int]] = {}
        """Where each asset's records stand: the partition is this fleet's alone."""
        self.end = 0

    def away(self) -> None:
        every = AWAY_RECORDS // OWN
        self.produce([BUSY if n % every == 0 else f"truck-{n % 200}" for n in range(AWAY_RECORDS)])

    def later(self) -> None:
        every = LATER_RECORDS // 1_000
        self.produce([BUSY if n % every == 0 else f"truck-{n % 200}" for n in range(LATER_RECORDS)])

    def produce(self, assets: Sequence[str]) -> None:
        """One position of each of these, in order."""
        first_ms = time.time_ns() // 1_000_000 - AGE_MS
        for number, asset in enumerate(assets):
            update = self._update(asset)
            self._producer.produce(
                LIVE.name,
                self._codec.encode(LIVE, update),
                self._fleet.encode(),
                headers=[channels_header(update.channels)],
                timestamp=first_ms + number * AGE_MS // len(assets),
            )
            self.offsets.setdefault(asset, []).append(self.end)
            self.end += 1
            if number % 5_000 == 4_999:
                self._producer.flush()
        self._producer.flush()

    def _update(self, asset: str) -> LiveUpdate:
        now = time.time_ns() // 1_000
        payload = {"kind": "position", "id": f"{asset}-{self.end}", "asset": asset, "n": self.end, "pad": "." * 250}
        return LiveUpdate(
            id=f"{asset}-{self.end}",
            fleet=self._fleet,
            channels=[fleet_channel(self._fleet), asset_channel(self._fleet, asset)],
            kind="position",
            entity=f"asset/{asset}",
            event_time=now,
            version=self.end,
            received_at=now,
            payload=msgspec.json.encode(payload),
            source=SourcePosition("proof", "proof", 0, self.end),
        )
