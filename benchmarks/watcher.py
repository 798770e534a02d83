"""Clients that remember all they were shown: one that follows a channel for long, one that asks for snapshots."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

import aiohttp
import msgspec

from benchmarks.live_client import LiveClient, LiveLostError, LiveRefusedError, Position, Publication, SubscribeReply
from domain.instants import SECOND, Micros, parse_rfc3339

RECONNECT_AFTER = 0.2  # seconds


class Shown(msgspec.Struct, frozen=True):
    """What a position or a status on a screen says, of what is needed here."""

    kind: str
    id: str
    time: str
    asset: str | None = None
    entity: str | None = None

    @property
    def key(self) -> str:
        """`kind|entity`, as snapshots name it."""
        if self.kind == "position":
            return "position|carrier" if self.asset is None else f"position|asset/{self.asset}"
        return f"{self.kind}|{self.entity}"

    @property
    def instant(self) -> Micros:
        return parse_rfc3339(self.time)


class _Item(msgspec.Struct):
    payload: Shown


class _Page(msgspec.Struct):
    offset: int
    items: list[_Item]
    next: str = ""


class Snapshot(msgspec.Struct, frozen=True):
    """A channel's whole state, as a subscribe reply gave it; `offset` is the one to which it is valid."""

    channel: str
    offset: int
    state: dict[str, Shown]

    @classmethod
    def of(cls, channel: str, reply: SubscribeReply) -> "Snapshot":
        """The snapshot in the reply, and what came since. Raises ValueError for a reply that is no whole snapshot."""
        if not bytes(reply.data):
            raise ValueError("the reply has no snapshot")
        page = msgspec.json.decode(reply.data, type=_Page)
        if page.next:
            raise ValueError("the snapshot has several pages: watch fewer assets")
        state = {item.payload.key: item.payload for item in page.items}
        for publication in reply.publications:
            shown = shown_by(publication)
            state[shown.key] = shown
        return cls(channel, reply.offset, state)


def shown_by(publication: Publication) -> Shown:
    return msgspec.json.decode(publication.data, type=Shown)


@dataclass
class Stretch:
    """What a client saw without a break: a snapshot, and all publications since, as (offset, id)."""

    snapshot: Snapshot
    seen: list[tuple[int, str]] = field(default_factory=list)
    end: int = 0
    """All below this offset was shown, if it was news on this channel."""


class Follower:
    """Follows one channel, comes back after every loss with its position, and drops ids that it knows."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, channel: str) -> None:
        self.channel = channel
        self.stretches: list[Stretch] = []
        self.repeats = 0
        """Publications that were dropped because their id was known."""
        self.went_back: list[str] = []
        """Ids of what was older than what was shown of its entity already."""
        self.losses = 0
        self.newest: Micros = 0
        """The latest event time that was shown."""
        self._session = session
        self._url = url
        self._token = token
        self._epoch = ""
        self._position: Position | None = None
        self._known: set[str] = set()
        self._times: dict[str, Micros] = {}

    @property
    def end(self) -> int:
        return self.stretches[-1].end if self.stretches else 0

    @property
    def age(self) -> float:
        """Seconds since the event time of the newest that was shown."""
        return time.time() - self.newest / SECOND

    async def run(self) -> None:
        """Until it is cancelled. Raises LiveRefusedError for a refusal that is not temporary."""
        while True:
            try:
                await self._follow()
            except LiveLostError:
                self.losses += 1
            except LiveRefusedError as error:
                if not error.temporary:
                    raise
            await asyncio.sleep(RECONNECT_AFTER)

    async def _follow(self) -> None:
        async with LiveClient(self._session, self._url, self._token) as client:
            self._begin(await client.subscribe(self.channel, self._position))
            async for _, publication in client.publications():
                self._show(publication)
                self._position = Position(self._epoch, publication.offset)

    def _begin(self, reply: SubscribeReply) -> None:
        if reply.recovered and self.stretches:
            for publication in reply.publications:
                self._show(publication)
        else:
            snapshot = Snapshot.of(self.channel, reply)
            self.stretches.append(Stretch(snapshot))
            for shown in snapshot.state.values():
                self._check_time(shown, same_is_right=True)
                self._known.add(shown.id)
        self.stretches[-1].end = reply.offset
        self._epoch = reply.epoch
        self._position = Position(reply.epoch, reply.offset)

    def _show(self, publication: Publication) -> None:
        stretch = self.stretches[-1]
        stretch.end = publication.offset
        shown = shown_by(publication)
        if shown.id in self._known:
            self.repeats += 1
            return
        self._known.add(shown.id)
        stretch.seen.append((publication.offset, shown.id))
        self._check_time(shown, same_is_right=False)

    def _check_time(self, shown: Shown, *, same_is_right: bool) -> None:
        instant = shown.instant
        before = self._times.get(shown.key, -1)
        if instant < before or (instant == before and not same_is_right):
            self.went_back.append(shown.id)
        self._times[shown.key] = max(before, instant)
        self.newest = max(self.newest, instant)


class SnapshotPolls:
    """Asks for a channel's snapshot again and again, each time as a new client."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, channel: str, every: float = 0.2) -> None:
        self.channel = channel
        self.snapshots: list[Snapshot] = []
        self.refusals: Counter[str] = Counter()
        """Temporary refusals and failed connections, by reason."""
        self.wrong: list[str] = []
        """Answers that are neither a snapshot nor a temporary refusal."""
        self.last_was_right = False
        self._session = session
        self._url = url
        self._token = token
        self._every = every

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.ask()
            await asyncio.sleep(self._every)

    async def ask(self) -> bool:
        """Once; tells whether there was a snapshot."""
        self.last_was_right = await self._ask()
        return self.last_was_right

    async def _ask(self) -> bool:
        try:
            async with LiveClient(self._session, self._url, self._token) as client:
                self.snapshots.append(Snapshot.of(self.channel, await client.subscribe(self.channel)))
        except LiveLostError:
            self.refusals["no connection"] += 1
        except LiveRefusedError as error:
            if not error.temporary:
                self.wrong.append(f"refused for good: {error}")
            self.refusals[str(error)] += 1
        except (ValueError, msgspec.MsgspecError) as error:
            self.wrong.append(str(error))
        else:
            return True
        return False
