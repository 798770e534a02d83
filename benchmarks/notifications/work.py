"""The lines of the benchmark, what is asked of each, and the events that they are made of."""

import resource
import time
from collections.abc import Iterator

import msgspec

from backbone.record import InRecord
from backbone.topics import NOTIFICATIONS
from domain.instants import DAY, Micros
from domain.notification import NoticeContent, Notification
from push_service.dispatcher.incoming import Incoming

SATURATION, EVEN, HISTORY, FOLLOWERS = "saturation", "even", "history", "followers"
NAMES = (SATURATION, EVEN, HISTORY, FOLLOWERS)

LEAST_AT_SATURATION = 60_000.0
EVEN_RATE = 18_879.0
MOST_P99_MS = 2.72
"""What the Go service that this replaces did, measured there with mocks of everything around it."""
LEAST_WITH_HISTORY = 18_879.0

FOLLOWERS_COUNT = 1_000_000
FOLLOWED = "topic/everything"
"""The interest that they follow."""

TENANT = "bench"
USERS = 100_000
BATCH = 500
PARTITIONS = 8
TOPIC_ID = "BenchBenchBenchBenchBe"
DUPLICATES = 20
"""Every so many events one comes once more, from another place."""


def now_micros() -> Micros:
    return time.time_ns() // 1000


def cpu_seconds() -> float:
    """Of this process, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def events(first: int, count: int, users: range = range(USERS)) -> Iterator[Notification]:
    """Status changes of orders, each the next version of one of as many orders as there are users."""
    now = now_micros()
    for number in range(first, first + count):
        event = number - 1 if number % DUPLICATES == DUPLICATES - 1 else number
        user, version = users[event % len(users)], event // len(users)
        yield Notification(
            id=f"status-{event}",
            tenant=TENANT,
            user=f"user-{user}",
            content=NoticeContent(
                type="order_status",
                title=f"Order A-{user}",
                body="out for delivery",
                data=b'{"order":"A-1001","status":"out_for_delivery"}',
                created_at=now,
                accepted_at=now,
                expires_at=now + DAY,
                interest=f"order/{TENANT}/A-{user}",
                match_key=f"order/{TENANT}/A-{user}",
                match_version=version,
                about=f"{TENANT}/order/A-{user}",
            ),
        )


def record_of(number: int, key: bytes = b"", value: bytes = b"") -> InRecord:
    """The record that brings an event."""
    return InRecord(NOTIFICATIONS.name, number % PARTITIONS, number // PARTITIONS, key, value, [], 0)


def decoded(first: int, count: int) -> list[Incoming]:
    """Events as they are once they are read."""
    return [Incoming(record_of(first + n), told, TOPIC_ID) for n, told in enumerate(events(first, count))]


class Ready(msgspec.Struct, frozen=True, tag="progress"):
    """What a process is to do is at hand; it begins at the next line of its input."""


class Spent(msgspec.Struct, frozen=True, tag="result"):
    """What a process did: `events` in `seconds` by the clock and `cpu` seconds of its own."""

    events: int
    pushed: int
    seconds: float
    cpu: float
    latencies: list[float] = []
    """Milliseconds: p50, p95, p99, most; empty where they were not taken."""
    peak_mb: float = 0.0
