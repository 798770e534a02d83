"""How long to wait before trying again."""

import random
import time


class Backoff:
    """Doubles from `first` to `cap` seconds; each wait is drawn between half of that and all, so that many spread."""

    def __init__(self, first: float, cap: float) -> None:
        self._first = first
        self._cap = cap
        self._attempts = 0
        self._due = 0.0

    @property
    def attempts(self) -> int:
        """How often it failed since the last success."""
        return self._attempts

    def failed(self) -> float:
        """Counts a failure; returns the seconds to wait, and starts the wait."""
        longest = min(self._cap, self._first * (1 << min(self._attempts, 30)))
        seconds = longest * random.uniform(0.5, 1.0)
        self._attempts += 1
        self._due = time.monotonic() + seconds
        return seconds

    def succeeded(self) -> None:
        """The next failure waits `first` seconds again."""
        self._attempts = 0
        self._due = 0.0

    def wait(self) -> float:
        """Seconds left to wait; 0.0 when it may be tried."""
        return max(0.0, self._due - time.monotonic())
