"""How fast a provider is called: slowly after a start or a pause, then doubling until the allowed rate."""

import asyncio
import time
from collections.abc import Callable

from runtime.token_bucket import TokenBucket

BURST_SECONDS = 0.1
"""What may be caught up at once of turns that nobody took."""


class Pace:
    """Turns are given in the order in which they are asked for."""

    def __init__(
        self, *, start: float, most: float, doubles: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._start, self._most, self._doubles = min(start, most), most, doubles
        self._clock = clock
        self._since = clock()
        self._bucket = TokenBucket(self._start, 1.0)
        self._turn = asyncio.Lock()

    def restart(self) -> None:
        """Begin slowly again."""
        self._since = self._clock()

    @property
    def rate(self) -> float:
        """Calls a second, now."""
        return self._rate(self._clock())

    def free(self, now: float) -> bool:
        """Takes a turn, if there is one without waiting. `now` is a reading of the clock."""
        return not self._turn.locked() and self._take(now) == 0.0

    async def turn(self) -> None:
        """Returns when one more call may be made."""
        if self.free(self._clock()):
            return
        async with self._turn:
            while (seconds := self._take(self._clock())) > 0.0:  # noqa: ASYNC110 time is what it waits for
                await asyncio.sleep(seconds)

    def _take(self, now: float) -> float:
        self._bucket.rate = rate = self._rate(now)
        self._bucket.burst = max(1.0, rate * BURST_SECONDS)
        return self._bucket.take(1, now)

    def _rate(self, now: float) -> float:
        doublings = min((now - self._since) / self._doubles, 64.0)
        return float(min(self._most, self._start * 2.0**doublings))
