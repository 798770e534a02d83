"""What the lines of the benchmark show, and whether that is good enough."""

import msgspec

from benchmarks.gateway.work import LEAST_OPENED, MOST_KB, MOST_SHIFT, Line, Others
from benchmarks.speed.percentiles import Percentiles


class Run(msgspec.Struct, frozen=True):
    """A server under one load. `cpu` is microseconds of the server's CPU time, user and system, per delivery."""

    deliveries: int
    missing: int
    lost_sockets: int
    per_second: float
    cpu: float
    latency: Percentiles


class LoadFigures(msgspec.Struct, frozen=True):
    """One line of load: the gateway, and the bare loop beside it."""

    line: Line
    gateway: Run
    bare: Run
    late: float
    """Seconds that the producer fell behind, at most."""

    @property
    def ratio(self) -> float:
        return self.gateway.cpu / self.bare.cpu

    @property
    def whole(self) -> bool:
        return not (self.gateway.missing or self.gateway.lost_sockets)

    @property
    def ahead_of_centrifugo(self) -> bool:
        return not self.behind(self.line.centrifugo)

    def behind(self, others: Others) -> list[str]:
        """In what the gateway is behind, and by how much."""
        run = self.gateway
        figures = (
            ("CPU", run.cpu, others.cpu, "us"),
            ("p50", run.latency.p50, others.p50, "ms"),
            ("p99", run.latency.p99, others.p99, "ms"),
        )
        return [f"{name} {ours:.1f} to {theirs:g} {unit}" for name, ours, theirs, unit in figures if ours > theirs]


class OpenFigures(msgspec.Struct, frozen=True):
    """Many sockets opened as fast as it goes: connect, JWT, subscribe, one after the other, by SDKs' manners."""

    sockets: int
    per_second: float
    cpu: float
    """Microseconds of the gateway's CPU time per socket."""
    kb: float
    """Of memory (resident, in 1,024 bytes) per socket."""

    @property
    def good(self) -> bool:
        return self.kb < MOST_KB and self.per_second >= LEAST_OPENED


class SlowFigures(msgspec.Struct, frozen=True):
    """The same load without and with one client that follows all channels and never reads."""

    without: Run
    beside: Run
    closed: int
    """How many the gateway has closed with 3008."""
    cut_after: float | None
    """Seconds from its subscribe until it was cut off, which is 3 after the close; None: not before the end."""
    grown_kb: float
    """What the gateway's memory grew by meanwhile: the partitions' logs fill, and it."""
    grown_without_kb: float

    @property
    def shift(self) -> float:
        """By how much of itself the others' p99 moved."""
        return self.beside.latency.p99 / self.without.latency.p99 - 1

    @property
    def good(self) -> bool:
        return self.closed == 1 and self.shift < MOST_SHIFT and not self.beside.lost_sockets


class GatewayReport(msgspec.Struct):
    """One run of the benchmark, of the lines that were asked for."""

    pinned: bool
    opening: OpenFigures | None = None
    opening_again: OpenFigures | None = None
    """When the system has given the gateway the memory already: not judged."""
    loads: list[LoadFigures] = []
    slow: SlowFigures | None = None

    @property
    def passed(self) -> bool:
        """Nothing missing, and the targets of issue and docs met."""
        loads = all(each.whole and each.ahead_of_centrifugo for each in self.loads)
        return loads and (self.opening is None or self.opening.good) and (self.slow is None or self.slow.good)

    def lines(self) -> list[str]:
        """For people. The shape is fixed, so that two runs can be compared."""
        lines = [] if self.pinned else ["cores cannot be chosen here: nothing was pinned", ""]
        if self.opening is not None:
            lines += [_opening(self.opening), *_again(self.opening_again), ""]
        if self.loads:
            lines.append("line       deliveries/s  us CPU  ( bare, ratio)    p50    p95    p99 ms  (bare p99)")
            lines += [_load(each) for each in self.loads]
            lines += ["", *(_verdict(each) for each in self.loads), ""]
        if self.slow is not None:
            lines += [_slow(self.slow), ""]
        return lines


def _opening(opening: OpenFigures) -> str:
    return (
        f"{'ok    ' if opening.good else 'MISSED'} {opening.sockets} sockets: {opening.kb:.1f} KB each (under "
        f"{MOST_KB:g}), opened at {opening.per_second:.0f}/s (at least {LEAST_OPENED:.0f}), "
        f"{opening.cpu:.0f} us CPU each"
    )


def _again(opening: OpenFigures | None) -> list[str]:
    if opening is None:
        return []
    return [f"       again in the same process: at {opening.per_second:.0f}/s, {opening.cpu:.0f} us CPU each"]


def _load(load: LoadFigures) -> str:
    run, latency = load.gateway, load.gateway.latency
    return (
        f"{load.line.name:<10}{run.per_second:>13.0f}{run.cpu:>8.1f}  ({load.bare.cpu:>5.1f}, {load.ratio:>4.2f}x)"
        f"{latency.p50:>8.1f}{latency.p95:>7.1f}{latency.p99:>7.1f}     ({load.bare.latency.p99:.1f})"
    )


def _verdict(load: LoadFigures) -> str:
    run = load.gateway
    said = [_compared("Centrifugo", load.behind(load.line.centrifugo))]
    said.append(_compared("the prototype", load.behind(load.line.prototype)))
    if not load.whole:
        said.append(f"{run.missing} missing, {run.lost_sockets} sockets lost")
    good = load.whole and load.ahead_of_centrifugo
    return f"{'ok    ' if good else 'MISSED'} {load.line.name}: {'; '.join(said)}"


def _compared(whom: str, behind: list[str]) -> str:
    return f"behind {whom} in {', '.join(behind)}" if behind else f"ahead of {whom}"


def _slow(slow: SlowFigures) -> str:
    cut = "" if slow.cut_after is None else f", cut off after {slow.cut_after:.0f} s"
    return (
        f"{'ok    ' if slow.good else 'MISSED'} one of {slow.beside.per_second:.0f} deliveries/s that never reads: "
        f"{slow.closed} closed 3008{cut}, memory +{slow.grown_kb:.0f} KB (+{slow.grown_without_kb:.0f} KB without), "
        f"others' p99 {slow.without.latency.p99:.1f} -> {slow.beside.latency.p99:.1f} ms ({slow.shift:+.0%})"
    )
