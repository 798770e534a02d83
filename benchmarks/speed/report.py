"""What a run of the benchmark showed, and whether that is good enough."""

import msgspec

from benchmarks.speed.metric_books import MetricBooks
from benchmarks.speed.percentiles import Percentiles

POST_TO_SOCKET_P99 = 100.0  # milliseconds
ACK_P99 = 50.0


class Cost(msgspec.Struct, frozen=True):
    """Of one process: CPU time (user and system) per ping in microseconds, and resident memory in MiB."""

    us_per_ping: float
    memory: float


class Report(msgspec.Struct, frozen=True):
    """One run. Latencies are counted from the instant at which a request was due."""

    rate: float
    warm_up: float
    """Seconds before those that were measured: their pings count in everything but latencies and CPU time."""
    seconds: float
    assets: int
    batch: int
    sent: int
    accepted: int
    errors: int
    lost: int
    repeats: int
    other_deliveries: int
    """Publications on the sockets that followed single assets and orders."""
    ack: Percentiles
    post_to_socket: Percentiles
    costs: dict[str, Cost]
    books: MetricBooks

    @property
    def whole(self) -> bool:
        """No error, no loss, no repeat, and the books balance."""
        return not (self.errors or self.lost or self.repeats) and self.sent == self.accepted and self.books.balance

    @property
    def socket_in_time(self) -> bool:
        return self.post_to_socket.p99 < POST_TO_SOCKET_P99

    @property
    def ack_in_time(self) -> bool:
        return self.ack.p99 < ACK_P99

    @property
    def passed(self) -> bool:
        return self.whole and self.socket_in_time and self.ack_in_time

    def lines(self) -> list[str]:
        """For people. The shape is fixed, so that two runs can be compared."""
        lines = [
            f"{self.rate:g} pings/s for {self.seconds:g} s after {self.warm_up:g} s to warm up",
            f"{self.assets} assets, {self.batch} pings in a request",
            "",
            f"sent {self.sent}   accepted {self.accepted}   errors {self.errors}   lost {self.lost}",
            f"seen twice {self.repeats}   to sockets of single assets and orders {self.other_deliveries}",
            self.books.line(),
            "",
            f"ack             {self.ack}",
            f"post to socket  {self.post_to_socket}",
            "",
            "process         us CPU/ping     MiB",
        ]
        lines += [f"{name:<14}{cost.us_per_ping:>13.0f}{cost.memory:>8.0f}" for name, cost in self.costs.items()]
        total = sum(cost.us_per_ping for cost in self.costs.values())
        lines += [f"{'all':<14}{total:>13.0f}{sum(cost.memory for cost in self.costs.values()):>8.0f}", ""]
        lines += [
            _verdict("no error, no loss, none twice, the books balance", holds=self.whole),
            _verdict(f"post to socket p99 < {POST_TO_SOCKET_P99:.0f} ms", holds=self.socket_in_time),
            _verdict(f"ack p99 < {ACK_P99:.0f} ms", holds=self.ack_in_time),
        ]
        return lines


def _verdict(target: str, *, holds: bool) -> str:
    return f"{'ok    ' if holds else 'MISSED'} {target}"
