"""Made-up assets on round trips, as the public API takes their fixes: the same for a benchmark and for a proof."""

import math
import random
from collections import deque
from typing import Any

from domain.instants import SECOND, Micros, format_rfc3339

METRES_PER_DEGREE = 111_195.0
RADIUS = 400.0  # metres
SPEED = 12.0  # metres per second
LATE_BY = 2 * SECOND
KEPT = 20  # fixes that may be sent once more

Ping = dict[str, Any]


def fix(asset: str, number: int, time: Micros, ping_id: str) -> Ping:
    """Where the asset of this number is at an instant, on a circle of its own."""
    angle = (time / SECOND * SPEED / RADIUS + number) % (2 * math.pi)
    lat = 53.4 + 0.01 * (number % 100) + RADIUS * math.sin(angle) / METRES_PER_DEGREE
    lon = -3.0 + 0.02 * (number // 100) + RADIUS * math.cos(angle) / (METRES_PER_DEGREE * math.cos(math.radians(lat)))
    return {
        "id": ping_id,
        "asset": asset,
        "time": format_rfc3339(time),
        "lat": round(lat, 6),
        "lon": round(lon, 6),
        "speed": SPEED,
        "heading": round(-math.degrees(angle) % 360.0, 1) % 360.0,
        "accuracy": 5.0,
        "battery": 0.83,
        "attributes": {"ignition": True, "odometer": int(time / SECOND * SPEED) % 1_000_000},
    }


class Track:
    """One asset's device. Its event times rise strictly, but now and then it sends a late fix or an old one again."""

    def __init__(self, asset: str, number: int, run: str, *, late: float = 0.02, repeated: float = 0.03) -> None:
        """`run` keeps ids apart from those of earlier runs.

        `late`, `repeated`: of all fixes, how many are late, and how many have been sent before.
        """
        self.asset = asset
        self._number = number
        self._run = run
        self._late = late
        self._repeated = repeated
        self._made = 0
        self._random = random.Random(number)
        self._last: deque[Ping] = deque(maxlen=KEPT)

    def next(self, time: Micros) -> Ping:
        """What the device sends at an instant, which must be later than the one before."""
        chance = self._random.random()
        if self._last and chance < self._repeated:
            return self._random.choice(self._last)
        self._made += 1
        late = chance < self._repeated + self._late
        ping = fix(self.asset, self._number, time - LATE_BY if late else time, f"{self.asset}-{self._run}-{self._made}")
        self._last.append(ping)
        return ping
