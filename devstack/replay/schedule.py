"""In what order fixes are sent, with which times, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from devstack.replay.recording import Fix


def by_time(fixes: Sequence[Fix]) -> list[Fix]:
    """All assets interleaved by time, but each asset's fixes in the order of the file: a fix that was recorded late
    stays late, as the device will have sent it."""
    latest: dict[str, datetime] = {}
    keys = []
    for fix in fixes:
        latest[fix.asset] = max(fix.time, latest.get(fix.asset, fix.time))
        keys.append(latest[fix.asset])
    order = sorted(range(len(fixes)), key=keys.__getitem__)
    return [fixes[index] for index in order]


def shift(fixes: Sequence[Fix], end: datetime) -> list[Fix]:
    """The same fixes, with times moved so that the latest is at `end`."""
    by = end - max(fix.time for fix in fixes)
    return [replace(fix, time=fix.time + by) for fix in fixes]


@dataclass(frozen=True)
class Batch:
    """Fixes to send together, `due` seconds after the start."""

    due: float
    fixes: list[Fix]


def batches(fixes: Sequence[Fix], size: int, speed_up: float | None) -> Iterator[Batch]:
    """Batches of at most `size`. With `speed_up` each holds a second of the replay and is due at its end."""
    if speed_up is None:
        for start in range(0, len(fixes), size):
            yield Batch(0.0, list(fixes[start : start + size]))
        return
    first = min(fix.time for fix in fixes)
    batch: list[Fix] = []
    second = 0
    for fix in fixes:
        at = int((fix.time - first) / timedelta(seconds=1) / speed_up)
        if batch and (at > second or len(batch) == size):
            yield Batch(second, batch)
            batch = []
        second = max(second, at)
        batch.append(fix)
    yield Batch(second, batch)


def duration(fixes: Sequence[Fix]) -> float:
    """Seconds from the earliest to the latest fix."""
    return (max(fix.time for fix in fixes) - min(fix.time for fix in fixes)).total_seconds()
