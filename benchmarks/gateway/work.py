"""The lines of the benchmark: how many sockets, how many deliveries, and what others needed for the same."""

import msgspec


class Others(msgspec.Struct, frozen=True):
    """What others needed for a line: microseconds of CPU per delivery, and milliseconds (docs/benchmarks.md)."""

    cpu: float
    p50: float
    p99: float


class Line(msgspec.Struct, frozen=True):
    """One line: so many sockets, one channel each, and records that make so many deliveries per second."""

    name: str
    sockets: int
    deliveries: int
    prototype: Others
    centrifugo: Others
    """Centrifugo with its Kafka consumer, memory engine and history, GOMAXPROCS=1."""


LOAD_LINES = (
    Line("1000x8k", 1_000, 8_333, Others(19.4, 1.8, 3.0), Others(33.1, 1.8, 2.7)),
    Line("1000x25k", 1_000, 25_000, Others(13.1, 4.1, 15.0), Others(20.3, 243.0, 506.0)),
    Line("1000x42k", 1_000, 41_667, Others(7.5, 2.1, 16.0), Others(13.4, 2.7, 60.0)),
    Line("1000x83k", 1_000, 83_333, Others(6.6, 10.0, 68.0), Others(8.9, 24.0, 61.0)),
    Line("5000x33k", 5_000, 33_333, Others(9.5, 1.9, 3.4), Others(16.9, 2.3, 10.5)),
)
WARM_UP = Line("warm-up", 100, 4_167, Others(0, 0, 0), Others(0, 0, 0))
"""Not measured: Kafka's first thousands of requests take it milliseconds, until Java has compiled what they need."""
OPEN_LINE = "open"
SLOW_LINE = "slow"
NAMES = (OPEN_LINE, *(line.name for line in LOAD_LINES), SLOW_LINE)

OPEN_SOCKETS = 15_000
MOST_KB = 6.0
LEAST_OPENED = 6_000.0
MOST_SHIFT = 0.10  # of the others' p99, by one that never reads
CROWD_SOCKETS = 5_000  # in one process


def fleet_name(number: int) -> str:
    """The fleets of the benchmark, all of one tenant."""
    return f"bench.{number}"


def channel_name(number: int) -> str:
    return f"fleet:{fleet_name(number)}"
