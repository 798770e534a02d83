"""Who is here, told to all gateways: our own connections in memory, those of others in the store."""

import asyncio
import time
from collections.abc import Callable
from itertools import islice
from uuid import uuid4

import structlog

from domain.errors import OutageError
from storage.presence import Change, Counted, Entry, PresenceStore

log = structlog.get_logger(__name__)

_BATCH = 2_000
_GATHER_SECONDS = 0.02
_RETRY_SECONDS = 1.0
_RENEWALS = 3
"""So often within a lease it is renewed."""
_REWRITE_SECONDS = 8 * 60 * 60
"""Everything is written again so often: the store forgets what was not written for a day."""


class PresenceBook:
    """Our entries, which are the truth; the store is brought into line with them, in batches, by `run`.

    What comes and goes while the store is away is not queued but remembered as places to bring into line, so it is
    bounded by the connections there were. Should it be more than `max_stale`, we let the lease end and begin a new one,
    in whose name nothing has been written yet.
    """

    name = "presence"

    def __init__(
        self,
        store: PresenceStore,
        lease_seconds: float,
        *,
        max_stale: int = 200_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._lease_seconds = lease_seconds
        self._max_stale = max_stale
        self._clock = clock
        self._lease = str(uuid4())
        self._places: dict[str, dict[str, Entry]] = {}
        self._stale: dict[tuple[str, str], str] = {}
        """What the store may not have as we do: (place, client) -> user."""
        self._news = asyncio.Event()
        self._renewed = float("-inf")
        self._rewritten = clock()

    @property
    def stale(self) -> int:
        """How many entries the store may not have as we do."""
        return len(self._stale)

    def set(self, place: str, client: str, user: str, value: bytes) -> None:
        """A connection of ours is at a place (a key of `storage.redis.keys`) from now on."""
        self._places.setdefault(place, {})[client] = Entry(client, user, value)
        self._outdate(place, client, user)

    def remove(self, place: str, client: str) -> None:
        """It is not there any more. Unknown ones are ignored."""
        here = self._places.get(place)
        entry = None if here is None else here.pop(client, None)
        if here is not None and not here:
            del self._places[place]
        if entry is not None:
            self._outdate(place, client, entry.user)

    async def read(self, place: str, at_most: int) -> list[Entry] | None:
        """Everybody at a place, ours first. None: more than `at_most`. Raises OutageError."""
        here = self._here(place)
        if len(here) > at_most:
            return None
        others = await self._store.read(place, but=self._lease, at_most=at_most - len(here))
        return None if others is None else [*here, *others]

    async def count(self, place: str) -> Counted:
        """How many are at a place. Raises OutageError."""
        others = await self._store.count(place, but=self._lease)
        here = self._here(place)
        return Counted(others.clients | {each.client for each in here}, others.users | {each.user for each in here})

    async def run(self, stopping: asyncio.Event) -> None:
        """Keeps the store in line until told to stop; then our entries end with our lease."""
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                seconds = await self._once()
                news = asyncio.ensure_future(self._news.wait())
                await asyncio.wait({stopped, news}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                if not stopping.is_set() and self._news.is_set():
                    await asyncio.wait({stopped}, timeout=_GATHER_SECONDS)  # more of them come together
        finally:
            stopped.cancel()
        try:
            await self._store.end(self._lease)
        except OutageError as error:
            log.warning("the lease of this gateway ends by itself", reason=str(error))

    async def bring_into_line(self) -> None:
        """Renews the lease when it is time, and writes what is stale. Raises OutageError."""
        if self._clock() >= self._renewed + self._lease_seconds / _RENEWALS:
            known = await self._store.renew(self._lease, self._lease_seconds)
            first, self._renewed = self._renewed == float("-inf"), self._clock()
            if not known and not first:
                log.warning("the lease had ended: all connections are written again")
                self._outdate_all()
            elif self._clock() >= self._rewritten + _REWRITE_SECONDS:
                self._outdate_all()
        left = len(self._stale)  # what comes meanwhile is for the next time: it may be one at a time
        while left > 0 and self._stale:
            batch = self._next_batch()
            left -= len(batch)
            try:
                await self._store.write(self._lease, [self._change(*each, user) for each, user in batch.items()])
            except OutageError:
                self._stale = batch | self._stale
                raise

    async def _once(self) -> float:
        """Returns after how many seconds there is something to do again, if there is no news before."""
        self._news.clear()
        try:
            await self.bring_into_line()
        except OutageError as error:
            log.warning("who is here cannot be told", waiting=len(self._stale), reason=str(error))
            await asyncio.sleep(_RETRY_SECONDS)
            return 0.0
        return max(0.0, self._renewed + self._lease_seconds / _RENEWALS - self._clock())

    def _next_batch(self) -> dict[tuple[str, str], str]:
        if len(self._stale) <= _BATCH:
            batch, self._stale = self._stale, {}
            return batch
        batch = dict(islice(self._stale.items(), _BATCH))
        for each in batch:
            del self._stale[each]
        return batch

    def _here(self, place: str) -> list[Entry]:
        return list(self._places.get(place, {}).values())

    def _change(self, place: str, client: str, user: str) -> Change:
        entry = self._places.get(place, {}).get(client)
        return Change(place, client, user, None if entry is None else entry.value)

    def _outdate(self, place: str, client: str, user: str) -> None:
        self._stale[place, client] = user
        self._news.set()
        if len(self._stale) > self._max_stale:
            self._begin_again()

    def _outdate_all(self) -> None:
        self._rewritten = self._clock()
        for place, entries in self._places.items():
            for entry in entries.values():
                self._stale[place, entry.client] = entry.user

    def _begin_again(self) -> None:
        log.warning("too much has changed while the store was away: beginning a new lease")
        self._lease = str(uuid4())
        self._renewed = float("-inf")
        self._stale.clear()
        self._max_stale = max(self._max_stale, 2 * sum(len(each) for each in self._places.values()))
        self._outdate_all()
