"""What is wrong with each fix of a recording, and which are news: told from the recording alone.

This is written from docs/topics.md and docs/settings.md, shares no rule with `domain/`, and even measures the globe by
another formula. It knows the default settings of `enrich` only.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

FUTURE = 30.0  # seconds
LATE = 60.0
TOO_OLD = 7 * 86_400.0
FASTEST = 100.0  # metres per second
ALLOWANCE = 100.0  # metres
BELIEVED_AFTER = 3  # impossible fixes in a row that agree
IDS_REMEMBERED = 32
EARTH = 6_371_008.8  # metres


class Sent(NamedTuple):
    """A fix that was accepted. Times are seconds since the epoch."""

    id: str
    asset: str
    time: float
    received_at: float
    lat: float
    lon: float


class Judged(NamedTuple):
    """A fix and its faults, in the order that a position names them."""

    fix: Sent
    flags: list[str]

    @property
    def news(self) -> bool:
        """Shown: late ones too, if they are the newest."""
        return not set(self.flags) - {"late"}

    @property
    def held_by(self) -> str | None:
        """The first fault that keeps it from the screens."""
        return next((flag for flag in self.flags if flag != "late"), None)


@dataclass
class _Asset:
    shown: Sent | None = None
    ids: deque[str] = field(default_factory=lambda: deque(maxlen=IDS_REMEMBERED))
    impossible: list[Sent] = field(default_factory=list)
    """In a row, each within reach of the one before, each at another time."""


class Model:
    """Judges fixes in the order in which they were sent, each by those before it."""

    def __init__(self) -> None:
        self._assets: dict[str, _Asset] = {}

    def judge(self, fix: Sent) -> Judged:
        """What is wrong with the next fix."""
        return _judge(fix, self._assets.setdefault(fix.asset, _Asset()))


def _judge(fix: Sent, asset: _Asset) -> Judged:
    age = fix.received_at - fix.time
    shown = asset.shown
    no_fix = (fix.lat, fix.lon) == (0, 0)
    jump = shown is not None and fix.time > shown.time and not no_fix and not reachable(shown, fix)
    if jump:
        row = asset.impossible if asset.impossible and reachable(asset.impossible[-1], fix) else []
        asset.impossible = row if row and row[-1].time == fix.time else [*row, fix]
        jump = len(asset.impossible) < BELIEVED_AFTER
    faults = {
        "no_fix": no_fix,
        "future": age < -FUTURE,
        "too_old": age > TOO_OLD,
        "duplicate": fix.id in asset.ids,
        "out_of_order": shown is not None and fix.time < shown.time,
        "same_time": shown is not None and fix.time == shown.time and fix.id != shown.id,
        "impossible_jump": jump,
        "late": age > LATE,
    }
    judged = Judged(fix, [flag for flag, there in faults.items() if there])
    if fix.id not in asset.ids:
        asset.ids.append(fix.id)
    if judged.news:
        asset.shown, asset.impossible = fix, []
    return judged


def reachable(one: Sent, other: Sent) -> bool:
    """Whether an asset can have been at both places."""
    return metres(one, other) <= FASTEST * abs(other.time - one.time) + ALLOWANCE


def metres(one: Sent, other: Sent) -> float:
    """The way between two fixes: the angle between two vectors from the middle of the globe."""
    a, b = _vector(one), _vector(other)
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return EARTH * math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(a, b, strict=True)))


def _vector(fix: Sent) -> tuple[float, float, float]:
    lat, lon = math.radians(fix.lat), math.radians(fix.lon)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)
