"""Latencies as a few numbers."""

from collections.abc import Sequence

import msgspec


class Percentiles(msgspec.Struct, frozen=True):
    """Milliseconds."""

    p50: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Percentiles":
        """The value below which that part of all lies (nearest rank). Nothing measured: all are infinite."""
        ordered = sorted(seconds)
        if not ordered:
            return cls(*(float("inf"),) * 4)
        last = len(ordered) - 1
        return cls(*(round(ordered[min(last, int(part * len(ordered)))] * 1000, 2) for part in (0.5, 0.95, 0.99, 1.0)))

    def __str__(self) -> str:
        return f"p50 {self.p50:7.1f}   p95 {self.p95:7.1f}   p99 {self.p99:7.1f}   most {self.most:7.1f} ms"
