"""The faults that the road of a ping must survive, and one episode: load, strike, mend, heal, check."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import aiohttp
import redis

from benchmarks import books
from benchmarks.ledger import Ledger
from benchmarks.load import SteadyLoad
from benchmarks.tracks import Track
from benchmarks.watcher import Follower, SnapshotPolls
from devstack.demo import Demo
from devstack.public_api import PublicApi
from domain.channels import asset_channel, fleet_channel, order_channel

HEALTHY_AGE = 1.0  # seconds from an event to the screen that count as healthy
DRAIN_WITHIN = 30.0
OUTPUTS_WITHIN = 0.5
ORDERS = 5  # assets that carry an order; the others carry none


@dataclass(frozen=True)
class Fault:
    """What breaks, and what an operator or an orchestrator does about it: at most a restart."""

    name: str
    strike: Callable[[Demo], None]
    mend: Callable[[Demo], None]


def killed(part: str) -> Fault:
    """kill -9, and a restart."""
    return Fault(f"{part} killed", lambda demo: demo.stack[part].kill(), lambda demo: demo.stack[part].start())


def empty_redis(demo: Demo) -> None:
    """All that Redis has is gone at once."""
    with redis.Redis.from_url(demo.stack.redis_url) as client:
        client.flushall()


def kill_as_redis_is_emptied(part: str) -> Fault:
    """The two at the same moment: nothing of the state is in memory or in Redis any more."""

    def strike(demo: Demo) -> None:
        demo.stack[part].kill()
        empty_redis(demo)

    return Fault(f"{part} killed as Redis is emptied", strike, lambda demo: demo.stack[part].start())


def killed_before_its_state(part: str) -> Fault:
    """Redis hangs: the part's outputs are acknowledged, its state cannot be written. Then both are killed."""

    def strike(demo: Demo) -> None:
        demo.stack["valkey"].pause()
        time.sleep(OUTPUTS_WITHIN)
        demo.stack[part].kill()
        demo.stack["valkey"].kill()  # else it would still read what the part has sent

    def mend(demo: Demo) -> None:
        demo.stack["valkey"].start()
        demo.stack[part].start()

    return Fault(f"{part} killed before its state", strike, mend)


FAULTS = (
    killed("enrich"),
    killed("route"),
    killed("recorder"),
    killed("gateway"),
    killed("ingest"),
    killed("kafka"),
    Fault("Redis emptied", empty_redis, lambda _: None),
    killed("valkey"),
    killed_before_its_state("enrich"),
    kill_as_redis_is_emptied("enrich"),
    kill_as_redis_is_emptied("route"),
    kill_as_redis_is_emptied("recorder"),
)


@dataclass(frozen=True)
class Pace:
    """How long and how hard. Times are in seconds, the rate in pings per second."""

    rate: float
    assets: int
    steady: float
    """Load before the fault, and again after it has healed."""
    outage: float
    """From the strike to the restart."""
    calm: float
    """It has healed when all was right for so long."""
    heal_within: float


@dataclass
class Outcome:
    """What an episode showed."""

    fault: str
    acknowledged: int
    healed_after: float | None
    """Seconds from the strike; None: not within the time."""
    faults: list[str]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.healed_after is not None and not self.faults

    def line(self) -> str:
        healed = "did not heal" if self.healed_after is None else f"healed after {self.healed_after:5.1f} s"
        counts = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        verdict = "ok  " if self.passed else "FAIL"
        return f"{verdict} {self.fault:<36} {healed}; {self.acknowledged} pings acknowledged; {counts}"


class Proving:
    """Clients of a running stack that watch all the time, and episodes of load and faults one after the other."""

    def __init__(self, demo: Demo, session: aiohttp.ClientSession, pace: Pace) -> None:
        self._demo = demo
        self._pace = pace
        self._session = session
        place = demo.describe()
        self._place = place
        self._ledger = Ledger(place.kafka_bootstrap, place.registry_url)
        run = secrets.token_hex(3)
        self._tracks = [Track(f"van-{number}", number, run) for number in range(pace.assets)]
        channels = [fleet_channel(place.fleet), asset_channel(place.fleet, "van-0"), order_channel(place.fleet, "A-0")]
        live = (session, place.gateway_url, place.viewer_jwt)
        self.followers = [Follower(*live, channel) for channel in channels]
        self.polls = SnapshotPolls(*live, channels[0])
        self.acknowledged: set[str] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def on(cls, demo: Demo, pace: Pace) -> AsyncIterator["Proving"]:
        """With its clients connected, and orders on some of the assets."""
        timeout = aiohttp.ClientTimeout(total=15)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
            proving = cls(demo, session, pace)
            await proving._carry_orders()
            async with asyncio.TaskGroup() as group:  # the error of a watcher ends the proof
                watching = [group.create_task(proving.polls.run())]
                watching += [group.create_task(each.run()) for each in proving.followers]
                yield proving
                for task in watching:
                    task.cancel()

    async def endure(self, fault: Fault) -> Outcome:
        """One episode."""
        load = SteadyLoad(self._api(), self._tracks, self._pace.rate)
        stopping = asyncio.Event()
        driving = asyncio.create_task(load.run(stopping))
        try:
            if await self._healed(time.monotonic(), self._pace.heal_within) is None:
                return Outcome(fault.name, len(load.acknowledged), None, ["it was not healthy before the fault"])
            await asyncio.sleep(self._pace.steady)
            struck = time.monotonic()
            await asyncio.to_thread(fault.strike, self._demo)
            await asyncio.sleep(self._pace.outage)
            await asyncio.to_thread(fault.mend, self._demo)
            healed = await self._healed(struck, self._pace.heal_within)
            await asyncio.sleep(self._pace.steady)
        finally:
            stopping.set()
            await driving
        self.acknowledged |= load.acknowledged
        faults = await self._settled_faults()
        faults += [f"{count} pings refused: {reason}" for reason, count in load.refused.items()]
        return Outcome(fault.name, len(load.acknowledged), healed, faults, self._counts(load))

    def _api(self) -> PublicApi:
        place = self._place
        return PublicApi(self._session, place.ingest_url, place.backend_credential, place.fleet, patience=60.0)

    async def _carry_orders(self) -> None:
        api = self._api()
        for number in range(min(ORDERS, self._pace.assets)):
            await api.put_reference("orders", f"A-{number}", {"title": f"order {number}"})
            entry = {"asset": f"van-{number}", "order": f"A-{number}", "valid_from": "2020-01-01T00:00:00Z"}
            await api.put_reference("assignments", f"a-{number}", entry)

    async def _healed(self, struck: float, within: float) -> float | None:
        """Seconds from the strike to the moment since which all is right; None if that does not come."""
        right_since: float | None = None
        while time.monotonic() - struck < within:
            now = time.monotonic()
            if self.followers[0].age > HEALTHY_AGE or not self.polls.last_was_right:
                right_since = None
            elif right_since is None:
                right_since = now
            elif now - right_since >= self._pace.calm:
                return right_since - struck
            await asyncio.sleep(0.02)
        return None

    async def _settled_faults(self) -> list[str]:
        """The faults once all has arrived, or those that stay."""
        deadline = time.monotonic() + DRAIN_WITHIN
        while True:
            asked = await self.polls.ask()
            await asyncio.to_thread(self._ledger.read_on)
            faults = await asyncio.to_thread(self._faults)
            if (asked and not faults) or time.monotonic() > deadline:
                return faults if asked else [*faults, "no snapshot at the end"]
            await asyncio.sleep(0.5)

    def _faults(self) -> list[str]:
        ledger = self._ledger
        return [
            *books.missing_positions(ledger, self.acknowledged),
            *books.misjudged_positions(ledger),
            *books.missing_live(ledger, self._place.fleet),
            *(fault for each in self.followers for fault in books.unruly_live(ledger, each.channel)),
            *(fault for each in self.followers for fault in books.follower_faults(ledger, each)),
            *books.poll_faults(ledger, self.polls),
        ]

    def _counts(self, load: SteadyLoad) -> dict[str, int]:
        """So far, but for what the load did."""
        ledger, follower = self._ledger, self.followers[0]
        return {
            "sent again": sum(load.retries.values()),
            "positions": len(ledger.positions),
            "held back": sum(position.held is not None for position in ledger.positions),
            "put out twice": len(ledger.positions) - len(ledger.pings),
            "live": len(ledger.live),
            "live twice": books.live_repeats(ledger),
            "reconnects": follower.losses,
            "new starts": len(follower.stretches) - 1,
            "repeats dropped": follower.repeats,
            "conflated": books.conflated(ledger, follower),
            "snapshots right": len(self.polls.snapshots),
            "refused": self.polls.refusals.total(),
        }
