"""Sends a recording through the public API to a running product, watched by both official SDKs and by a data team."""

import asyncio
import functools
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from backbone.topics import LIVE, POSITIONS
from benchmarks.official.sdks import SDKS
from benchmarks.official.watching import Sightings
from benchmarks.replays.counts import Counts, by_label, scrape, scrape_until
from benchmarks.replays.data_team import DataTeam, Read
from benchmarks.replays.news import Judged, Model, Sent
from devstack.public_api import PublicApi
from devstack.replay.recording import Fix, Reading, Recording
from devstack.replay.schedule import shift
from devstack.stack_file import StackFile
from domain.channels import fleet_channel

BATCH = 250
"""Pings sent before watchers must have caught up: less than what the gateway queues before it conflates positions."""
SEEN_WITHIN = 60.0  # seconds
COUNTED_WITHIN = 20.0


@dataclass(frozen=True)
class Replayed:
    """A recording that went down the road, and what came out."""

    fleet: str
    sent: int
    refused: Counter[str]
    judged: list[Judged]
    """The accepted fixes by the model, in the order in which they were sent."""
    positions: list[Read]
    """What came onto the topics, of this fleet."""
    live: list[Read]
    watchers: dict[str, Sightings]
    counts: Counts
    """What every process counted meanwhile."""

    @property
    def channel(self) -> str:
        return fleet_channel(self.fleet)

    @property
    def news(self) -> list[str]:
        return [each.fix.id for each in self.judged if each.news]


def recorded(path: Path, **columns: str) -> list[Fix]:
    """The readable fixes of a recording, its times moved so that it ends now."""
    named = {name: columns.get(name) for name in ("asset", "time", "lat", "lon", "heading", "speed")}
    recording = Recording(path, Reading(columns=named, delimiter=None, time_format=None, zone=UTC))
    return shift([row for row in recording.rows() if isinstance(row, Fix)], datetime.now(UTC))


async def replay(stack: StackFile, fixes: Sequence[Fix]) -> Replayed:
    """Send all fixes in their order, as fast as both watchers follow. Raises TimeoutError when something is missing."""
    data_team = DataTeam(stack.kafka_bootstrap, stack.registry_url)
    try:
        await asyncio.to_thread(data_team.mark, POSITIONS.name, LIVE.name)
        async with AsyncExitStack() as open_:
            session = await open_.enter_async_context(aiohttp.ClientSession())
            access = (stack.gateway_url, stack.viewer_jwt, [fleet_channel(stack.fleet)])
            watchers = [await open_.enter_async_context(each(*access)) for each in SDKS]
            before = await scrape(session, stack.admin_urls)
            course = _Course(stack, session, data_team, [each.seen for each in watchers])
            for start in range(0, len(fixes), BATCH):
                await course.send(fixes[start : start + BATCH])
            news = sum(each.news for each in course.judged)
            after = await scrape_until(
                session,
                stack.admin_urls,
                lambda counts: (
                    _recorded(counts) - _recorded(before) >= news
                    and _routed(counts) - _routed(before) >= len(course.judged)
                ),
                COUNTED_WITHIN,
            )
        return Replayed(
            fleet=stack.fleet,
            sent=len(fixes),
            refused=course.refused,
            judged=course.judged,
            positions=course.positions,
            live=[each for each in await asyncio.to_thread(data_team.read, LIVE.name) if each.key == stack.fleet],
            watchers={each.name: each.seen for each in watchers},
            counts=after - before,
        )
    finally:
        data_team.close()


class _Course:
    """One run: batch by batch."""

    def __init__(
        self, stack: StackFile, session: aiohttp.ClientSession, data_team: DataTeam, sightings: Sequence[Sightings]
    ) -> None:
        self.refused: Counter[str] = Counter()
        self.positions: list[Read] = []
        self.judged: list[Judged] = []
        self._model = Model()
        self._fleet = stack.fleet
        self._api = PublicApi(session, stack.ingest_url, stack.backend_credential, stack.fleet)
        self._data_team = data_team
        self._sightings = sightings

    async def send(self, fixes: Sequence[Fix]) -> None:
        """Send a batch, and wait for its positions and for its news."""
        results = await self._api.post_pings([_ping(fix) for fix in fixes])
        self.refused.update(each.problem.reason for each in results if each.problem is not None)
        accepted = [(fix, each.id) for fix, each in zip(fixes, results, strict=True) if each.id is not None]
        positions = await asyncio.to_thread(
            self._data_team.until, POSITIONS.name, self._is_ours, len(accepted), SEEN_WITHIN
        )
        self.positions += positions
        # When a ping was received is not in the recording: it is taken from the position. All pings of a request have
        # the same instant.
        received_at = positions[0].value["received_at"].timestamp() if positions else 0.0
        self.judged += [
            self._model.judge(Sent(ping_id, fix.asset, fix.time.timestamp(), received_at, fix.lat, fix.lon))
            for fix, ping_id in accepted
        ]
        for seen in self._sightings:
            await seen.until(functools.partial(self._all_seen, seen), SEEN_WITHIN)

    def _all_seen(self, seen: Sightings) -> bool:
        return len(seen.publications) >= sum(each.news for each in self.judged)

    def _is_ours(self, read: Read) -> bool:
        return bool(read.value["fleet"] == self._fleet)


def _ping(fix: Fix) -> dict[str, Any]:
    ping: dict[str, Any] = {"asset": fix.asset, "time": fix.time.isoformat(), "lat": fix.lat, "lon": fix.lon}
    if fix.heading is not None:
        ping["heading"] = fix.heading
    return ping


def _routed(counts: Counts) -> int:
    return sum(by_label(counts, "fleetcast_route_positions").values())


def _recorded(counts: Counts) -> int:
    return by_label(counts, "fleetcast_recorder_records").get("recorded", 0)
