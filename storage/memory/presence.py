"""Presence in memory: the twin of `storage.redis.presence`."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from domain.errors import OutageError
from storage.presence import Change, Counted, Entry


class MemoryPresence:
    """A `PresenceStore`. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._leases: dict[str, float] = {}
        self._places: dict[str, dict[tuple[str, str], Entry]] = defaultdict(dict)
        self._seen: dict[str, int] = {}
        self.away = False
        """While true, everything raises OutageError."""
        self.writes = 0
        """How often `write` and `renew` were called."""

    def empty(self) -> None:
        """Forgets everything, as Redis does when it is flushed."""
        self._leases.clear()
        self._places.clear()
        self._seen.clear()

    async def renew(self, gateway: str, seconds: float) -> bool:
        """See PresenceStore."""
        self._check()
        self.writes += 1
        had = self._lives(gateway)
        self._leases[gateway] = self._clock() + seconds
        return had

    async def end(self, gateway: str) -> None:
        """See PresenceStore."""
        self._check()
        self._leases.pop(gateway, None)

    async def write(self, gateway: str, changes: Sequence[Change]) -> None:
        """See PresenceStore."""
        self._check()
        self.writes += 1
        for change in changes:
            if change.value is None:
                self._places[change.place].pop((gateway, change.client), None)
                self._seen[change.place] = time.time_ns() // 1_000_000
            else:
                entry = Entry(change.client, change.user, change.value)
                self._places[change.place][gateway, change.client] = entry

    async def read(self, place: str, *, but: str, at_most: int) -> list[Entry] | None:
        """See PresenceStore."""
        found = self._entries(place, but)
        return found if len(found) <= at_most else None

    async def last_seen(self, place: str) -> int | None:
        """See PresenceStore."""
        self._check()
        return self._seen.get(place)

    async def count(self, place: str, *, but: str) -> Counted:
        """See PresenceStore."""
        found = self._entries(place, but)
        return Counted(frozenset(each.client for each in found), frozenset(each.user for each in found))

    def _entries(self, place: str, but: str) -> list[Entry]:
        self._check()
        entries = self._places.get(place, {}).items()
        return [entry for (gateway, _), entry in entries if gateway != but and self._lives(gateway)]

    def _lives(self, gateway: str) -> bool:
        return self._leases.get(gateway, float("-inf")) > self._clock()

    def _check(self) -> None:
        if self.away:
            raise OutageError("Redis is away")
