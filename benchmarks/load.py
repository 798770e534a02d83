"""A steady load that keeps every promise of a good client: it repeats what was not acknowledged, with the same ids."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from benchmarks.tracks import Ping, Track
from devstack.public_api import ApiUnreachableError, PublicApi
from domain.instants import SECOND, Micros

MOST_IN_REQUEST = 100
MOST_PENDING = 10_000


class SteadyLoad:
    """Each asset posts its fixes in order, one request at a time; what came due during an outage goes in one list."""

    def __init__(self, api: PublicApi, tracks: Sequence[Track], rate: float) -> None:
        """`rate`: pings per second of all assets together."""
        self._api = api
        self._tracks = tracks
        self._period = len(tracks) / rate
        self.acknowledged: set[str] = set()
        """Ids that were answered with `accepted`."""
        self.sent = 0
        """Pings that were answered, repeats included."""
        self.refused: Counter[str] = Counter()

    @property
    def retries(self) -> dict[str, int]:
        """How often a request had to be sent again, by reason."""
        return self._api.endurance.retries

    async def run(self, stopping: asyncio.Event) -> None:
        """Post until told to stop, and then what is still pending."""
        start = time.time()
        async with asyncio.TaskGroup() as couriers:
            for index, track in enumerate(self._tracks):
                first = start + self._period * index / len(self._tracks)
                couriers.create_task(self._courier(track, first, stopping))

    async def _courier(self, track: Track, due: float, stopping: asyncio.Event) -> None:
        pending: list[Ping] = []
        while not stopping.is_set():
            await asyncio.sleep(max(0.0, due - time.time()))
            while due <= time.time() and len(pending) < MOST_PENDING:
                pending.append(track.next(_micros(due)))
                due += self._period
            await self._post(pending)
        while pending:
            await self._post(pending)

    async def _post(self, pending: list[Ping]) -> None:
        """Takes away what was answered."""
        batch = pending[:MOST_IN_REQUEST]
        if not batch:
            return
        try:
            results = await self._api.post_pings(batch)
        except ApiUnreachableError:
            return  # it stays pending
        for ping, result in zip(batch, results, strict=True):
            if result.status == "accepted":
                self.acknowledged.add(ping["id"])
            else:
                self.refused[result.problem.reason if result.problem else result.status] += 1
        self.sent += len(batch)
        del pending[: len(batch)]


def _micros(seconds: float) -> Micros:
    return int(seconds * SECOND)
