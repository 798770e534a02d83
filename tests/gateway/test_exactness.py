"""Clients that vanish and come back to any of three gateways, on real Kafka and Redis, see exactly the topic.

Each seed is a history of its own: records flow, clients vanish and come back with their last position, gateways are
stopped and started, the recorder falls behind. `FLEETCAST_TEST_SEEDS` says how many seeds; `make prove` takes 20.
"""

import asyncio
import contextlib
import json
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from backbone.record import InRecord
from domain.live_update import LiveUpdate
from tests.gateway.live_topic import position, status
from tests.gateway.raw_client import RawClient
from tests.gateway.real_topic import RealTopic, Site
from tests.gateway.running import Running, running

SEEDS = int(os.environ.get("FLEETCAST_TEST_SEEDS", "3"))
FLEETS = ("acme", "beta")
ASSETS = ("a", "b", "c")
CHANNELS = [f"fleet:{fleet}" for fleet in FLEETS] + [f"asset:{fleet}/{asset}" for fleet in FLEETS for asset in ASSETS]
SECONDS = 5.0
CLIENTS = 14
BOUNDS: dict[str, Any] = {
    # Small, so that every source is needed: the log, lists of offsets, looks through Kafka, and what is beyond.
    "history_seconds": 0.5,
    "history_max_records": 60,
    "log_publications": 50,
    "scan_records": 150,
    "snapshot_seconds": 0.2,
    "linger_seconds": 0.3,
    "drain_seconds": 0,
}
GONE = (ConnectionClosed, InvalidHandshake, OSError, TimeoutError)


@dataclass
class Stay:
    """What one subscription showed a client."""

    came_with: int | None
    """The position it came back with."""
    recovered: bool
    data: dict[str, Any] | None
    offset: int
    """As the reply gave it."""
    seen: list[tuple[int, Any]]
    """Offset and payload of each publication, of the reply and after it."""

    @property
    def position(self) -> int:
        return max([self.offset, *(offset for offset, _ in self.seen)])


@dataclass
class Viewer:
    """A client that lives through all of it."""

    channel: str
    stays: list[Stay] = field(default_factory=list)
    epoch: str = ""

    async def stay(self, gateway: Running, *, seconds: float | None = None, upto: int | None = None) -> None:
        """Connects, subscribes from where it was, and takes what comes: for a while, or up to an offset."""
        client = await RawClient.connected(gateway, self.channel.partition(":")[2].partition("/")[0])
        gateway.clients.remove(client)
        try:
            stay = await self._subscribed(client)
            if stay is not None:
                self.stays.append(stay)
                await self._take(client, stay, seconds, upto)
        finally:
            client.connection.transport.abort()
            with contextlib.suppress(*GONE):
                await client.close()

    async def _subscribed(self, client: RawClient) -> Stay | None:
        request: dict[str, Any] = {"channel": self.channel}
        came_with = self.stays[-1].position if self.stays else None
        if came_with is not None:
            request |= {"recover": True, "epoch": self.epoch, "offset": came_with}
        reply = await client.ask(subscribe=request)
        if "error" in reply:
            assert reply["error"]["temporary"], reply
            return None
        result = reply["subscribe"]
        self.epoch = result["epoch"]
        seen = [(each["offset"], each["data"]) for each in result.get("publications", [])]
        return Stay(came_with, result.get("recovered", False), result.get("data"), result.get("offset", 0), seen)

    async def _take(self, client: RawClient, stay: Stay, seconds: float | None, upto: int | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while upto is None or stay.position < upto:
                    pub = (await client.next())["push"]["pub"]
                    stay.seen.append((pub["offset"], pub["data"]))


class World:
    """Three places for gateways, and what goes on."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site = site
        self.rng = random.Random(seed)
        self.gateways: list[Running | None] = [None, None, None]
        self.viewers = [Viewer(self.rng.choice(CHANNELS)) for _ in range(CLIENTS)]
        self.number = 0
        self.sources: dict[str, int] = dict.fromkeys(FLEETS, 0)
        self.over = asyncio.Event()
        self.finished = asyncio.Event()
        self.truth: list[tuple[InRecord, LiveUpdate]] = []

    @contextlib.asynccontextmanager
    async def gateway(self) -> AsyncIterator[Running]:
        async with (
            contextlib.aclosing(RealTopic(self.site)) as topic,
            running(topic, self.site.codec, **BOUNDS) as gateway,
        ):
            yield gateway

    async def keep_gateway(self, place: int) -> None:
        """Starts and stops a gateway again and again; at the end it is up."""
        while True:
            async with self.gateway() as gateway:
                self.gateways[place] = gateway
                last = await self._wait(self.rng.uniform(0.8, 3.0))
                if last:
                    await self.finished.wait()
                self.gateways[place] = None
            if last:
                return
            await self._wait(self.rng.uniform(0.0, 0.6))

    async def _wait(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), seconds)
        return self.over.is_set()

    async def produce(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + SECONDS
        while loop.time() < end:
            burst = [self._update() for _ in range(self.rng.choice((1, 3, 10, 80)))]
            await asyncio.to_thread(self.site.publish, burst)
            await asyncio.sleep(self.rng.uniform(0, 0.1))

    def _update(self) -> LiveUpdate:
        fleet, asset = self.rng.choice(FLEETS), self.rng.choice(ASSETS)
        self.number += 1
        self.sources[fleet] += 1
        if self.rng.random() < 0.2:
            channels = [f"fleet:{fleet}", f"asset:{fleet}/{asset}"]
            update = status(f"asset/{asset}", self.number, fleet=fleet, channels=channels)
            source = position(asset, 0, offset=self.sources[fleet]).source
            return LiveUpdate(
                **{**{each: getattr(update, each) for each in update.__struct_fields__}, "source": source}
            )
        return position(asset, self.number, fleet=fleet, offset=self.sources[fleet])

    async def live(self, viewer: Viewer) -> None:
        while not self.over.is_set():
            gateway = self.rng.choice(self.gateways)
            if gateway is not None:
                with contextlib.suppress(*GONE):
                    await viewer.stay(gateway, seconds=self.rng.choice((0.0, 0.1, 0.5, 1.5)))
            await asyncio.sleep(self.rng.choice((0.0, 0.05, 0.5, 1.5)))

    async def come_home(self, viewer: Viewer, ends: dict[str, int]) -> None:
        """At the end everybody gets everything."""
        before = len(viewer.stays)
        while len(viewer.stays) == before:
            gateway = self.rng.choice(self.gateways)
            if gateway is not None:
                with contextlib.suppress(ConnectionClosed, InvalidHandshake, OSError):
                    await viewer.stay(gateway, upto=ends.get(viewer.channel, 0))
            await asyncio.sleep(0.02)

    async def run(self) -> None:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for place in range(3):
                group.create_task(self.keep_gateway(place))
            living = [group.create_task(self.live(viewer)) for viewer in self.viewers]
            await self.produce()
            self.over.set()
            await asyncio.wait(living)
            self.truth = await asyncio.to_thread(lambda: [*self.site.records()])
            ends = {channel: record.offset + 1 for record, update in self.truth for channel in update.channels}
            await asyncio.gather(*(self.come_home(viewer, ends) for viewer in self.viewers))
            self.finished.set()

    def check(self) -> dict[str, int]:
        """Every stay of every client against the topic. Returns how often what happened."""
        counts = {"recovered": 0, "not recovered": 0, "first": 0, "publications": 0}
        for viewer in self.viewers:
            of_channel = [
                (record.offset + 1, update) for record, update in self.truth if viewer.channel in update.channels
            ]
            for stay in viewer.stays:
                self._check(viewer.channel, of_channel, stay)
                outcome = "first" if stay.came_with is None else "recovered" if stay.recovered else "not recovered"
                counts[outcome] += 1
                counts["publications"] += len(stay.seen)
        return counts

    def _check(self, channel: str, records: list[tuple[int, LiveUpdate]], stay: Stay) -> None:
        if stay.recovered:
            assert stay.came_with is not None
            assert stay.data is None
            start = stay.came_with
        else:
            assert stay.data is not None
            start = stay.data["offset"]
            shown = {(item["kind"], item["entity"]): item["payload"] for item in stay.data["items"]}
            state = {(update.kind, update.entity): update for offset, update in records if offset <= start}
            assert shown == {key: json.loads(update.payload) for key, update in state.items()}, (channel, start)
        expected = [
            (offset, json.loads(update.payload)) for offset, update in records if start < offset <= stay.position
        ]
        assert stay.seen == expected, (channel, start, stay)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_every_client_sees_exactly_its_channels_records(
    seed: int, kafka_bootstrap: str, redis_url: str, unique: str
) -> None:
    site = await asyncio.to_thread(Site, kafka_bootstrap, redis_url, unique, 3)
    world = World(site, seed)
    with site.recording(random.Random(seed)):
        await world.run()
    counts = world.check()
    # Which sources a seed needs depends on the machine; that each is exact has tests of its own.
    assert counts["recovered"], counts
