"""What the lines of the benchmark show, and whether that is good enough."""

import msgspec

from benchmarks.notifications.work import EVEN_RATE, LEAST_AT_SATURATION, LEAST_WITH_HISTORY, MOST_P99_MS, Spent


class Figures(msgspec.Struct, frozen=True):
    """One line: the processes that were measured, and the CPU seconds that the servers spent meanwhile."""

    spent: list[Spent]
    redis: float
    postgres: float

    @property
    def events(self) -> int:
        return sum(each.events for each in self.spent)

    @property
    def per_second(self) -> float:
        """Of all processes together, which ran at the same time."""
        return sum(each.events / each.seconds for each in self.spent)

    def cost(self) -> str:
        """Microseconds of CPU time for an event."""
        own = sum(each.cpu for each in self.spent)
        parts = [("own", own), ("Redis", self.redis), ("PostgreSQL", self.postgres)]
        return ", ".join(f"{name} {spent / self.events * 1e6:.1f}" for name, spent in parts if spent) + " us CPU each"


class NotificationsReport(msgspec.Struct):
    """One run of the benchmark, of the lines that were asked for."""

    pinned: bool
    saturation: Figures | None = None
    even: Figures | None = None
    history: Figures | None = None
    followers: Figures | None = None

    @property
    def passed(self) -> bool:
        """The targets of issue and docs are met."""
        return not any(line.startswith("MISSED") for line in self.lines())

    def lines(self) -> list[str]:
        """For people. The shape is fixed, so that two runs can be compared."""
        lines = [] if self.pinned else ["cores cannot be chosen here: nothing was pinned", ""]
        if self.saturation is not None:
            lines.append(_saturation(self.saturation))
        if self.even is not None:
            lines.append(_even(self.even))
        if self.history is not None:
            lines.append(_history(self.history))
        if self.followers is not None:
            lines.append(_followers(self.followers))
        return lines


def _judged(good: bool) -> str:  # noqa: FBT001 it is the judgement
    return "ok    " if good else "MISSED"


def _saturation(line: Figures) -> str:
    return (
        f"{_judged(line.per_second >= LEAST_AT_SATURATION)} saturation: {line.per_second:,.0f} events/s in one process "
        f"(at least {LEAST_AT_SATURATION:,.0f}), {line.cost()}"
    )


def _even(line: Figures) -> str:
    p50, p95, p99, most = line.spent[0].latencies
    return (
        f"{_judged(p99 < MOST_P99_MS)} {EVEN_RATE:,.0f} events/s, evenly: p50 {p50:.2f}, p95 {p95:.2f}, p99 {p99:.2f} "
        f"ms (under {MOST_P99_MS}), most {most:.1f} ms, {line.cost()}"
    )


def _history(line: Figures) -> str:
    return (
        f"{_judged(line.per_second > LEAST_WITH_HISTORY)} with history and timeline: {line.per_second:,.0f} events/s "
        f"in {len(line.spent)} processes on all cores (over {LEAST_WITH_HISTORY:,.0f}), {line.cost()}"
    )


def _followers(line: Figures) -> str:
    return (
        f"       {line.events:,} followers: {line.per_second:,.0f} notifications/s in {line.spent[0].seconds:.1f} s, "
        f"{line.cost()}, memory at most {line.spent[0].peak_mb:.0f} MB"
    )
