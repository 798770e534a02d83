"""How far a task is, told to whoever runs it, and its work in batches."""

import time
from collections.abc import Callable

EVERY_SECONDS = 2.0


class Progress:
    """`tell` writes one line."""

    def __init__(
        self,
        tell: Callable[[str], None],
        *,
        dry_run: bool,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tell = tell
        self.dry_run = dry_run
        self._sleep = sleep
        self._clock = clock
        self._told_at = 0.0

    def did(self, what: str) -> None:
        """One thing was done, or would be."""
        self.tell(f"would: {what}" if self.dry_run else what)

    def at(self, done: int, total: int, what: str) -> None:
        """So many are done; told every few seconds."""
        now = self._clock()
        if now - self._told_at >= EVERY_SECONDS:
            self._told_at = now
            self.tell(f"{done:,} of {total:,} {what}")

    def in_batches(self, work: Callable[[int], int], *, total: int, batch: int, pause: float, what: str) -> int:
        """Calls `work(batch)` until it does less than that, with pauses in seconds between. Returns what it did.

        `work` does at most so many and returns how many. When only looking, nothing is called and `total` returned.
        """
        if self.dry_run:
            self.tell(f"would: {total:,} {what}")
            return total
        done = 0
        while True:
            count = work(batch)
            done += count
            self.at(done, max(done, total), what)
            if count < batch:
                break
            self._sleep(pause)
        self.tell(f"{done:,} {what}")
        return done
