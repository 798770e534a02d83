"""Rate limits as token buckets. Pure: `now` is a monotonic time in seconds that the caller passes in."""

import math
from collections import OrderedDict


class TokenBucket:
    """Holds up to `burst` tokens and gains `rate` of them each second; it begins full."""

    __slots__ = ("_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        if not (rate > 0 and burst > 0):
            raise ValueError(f"rate and burst must be positive, not {rate} and {burst}")
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._at = -math.inf

    def take(self, n: float, now: float) -> float:
        """Take all `n` tokens (0.0), or none and say how many seconds to wait for them; infinite if n is over burst."""
        tokens = self._refill(now)
        if n <= tokens:
            self._tokens = tokens - n
            return 0.0
        if n > self.burst:
            return math.inf
        return (n - tokens) / self.rate

    def full(self, now: float) -> bool:
        """True if forgetting the bucket and making a new one would change nothing."""
        return self._refill(now) >= self.burst

    def _refill(self, now: float) -> float:
        if now > self._at:  # threads may bring their readings of the clock out of order
            tokens = self._tokens + (now - self._at) * self.rate
            self._tokens = tokens if tokens < self.burst else self.burst
            self._at = now
        return self._tokens


class KeyedBuckets:
    """A bucket for each key, at most `max_keys` of them.

    Full buckets are forgotten as new keys come. If all are in use, the one unused for longest is forgotten: its owner
    may then burst once more, the price of bounded memory. Choose `max_keys` above the number of callers at a time.
    """

    def __init__(self, max_keys: int) -> None:
        if max_keys < 1:
            raise ValueError("max_keys must be at least 1")
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()  # the one unused for longest comes first

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, n: float, now: float, *, rate: float, burst: float) -> float:
        """As `TokenBucket.take`, from the key's bucket. A bucket whose limits have changed begins anew."""
        bucket = self._buckets.get(key)
        if bucket is None or bucket.rate != rate or bucket.burst != burst:
            self._make_room(now)
            bucket = self._buckets[key] = TokenBucket(rate, burst)
        self._buckets.move_to_end(key)
        return bucket.take(n, now)

    def _make_room(self, now: float) -> None:
        # Two for each new one: so the set shrinks again after a crowd, at a constant cost.
        for _ in range(2):
            oldest = next(iter(self._buckets), None)
            if oldest is None:
                return
            if len(self._buckets) >= self._max_keys or self._buckets[oldest].full(now):
                del self._buckets[oldest]
