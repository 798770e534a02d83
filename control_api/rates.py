"""How often somebody may ask. The limits are those of this process: each of several grants them."""

import math
import time
from collections.abc import Callable

from control_api.problems import RATE_EXCEEDED
from runtime.http.problem import Problem
from runtime.token_bucket import KeyedBuckets


class Rate:
    """One limit, of each of many callers."""

    def __init__(self, rate: float, burst: int, callers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets = KeyedBuckets(callers)
        self._clock = clock

    def spend(self, caller: str) -> None:
        """Count one. Raises Problem: 429."""
        seconds = self._buckets.take(caller, 1, self._clock(), rate=self._rate, burst=self._burst)
        if seconds > 0:
            detail = f"up to {self._rate:g} per second, and {self._burst} at once"
            raise Problem(RATE_EXCEEDED, detail, headers={"Retry-After": str(math.ceil(seconds))})
