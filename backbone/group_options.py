"""How a group consumer works: its bounds and times."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from backbone.due_times import DueAt
from domain.instants import Micros


def now_micros() -> Micros:
    """This machine's clock."""
    return time.time_ns() // 1000


@dataclass(frozen=True)
class GroupOptions:
    """Bounds and times, in seconds where no unit is named."""

    batch_records: int = 500
    batch_bytes: int = 8 * 1024 * 1024
    commit_every: float = 1.0
    poll_at_most: float = 0.2
    gather: float = 0.01
    """The broker holds its answer to a fetch for so long, unless `gather_bytes` come sooner. At 1,000 records a second
    this saves a fifth of the CPU time of the whole road, for 5 ms of the way on average."""
    gather_bytes: int = 16 * 1024
    session: float = 8.0
    """A member that died is noticed after this."""
    longest_batch: float = 300.0
    """A member that takes longer for a batch loses its partitions, and gets them again when it comes back."""
    retry_first: float = 0.1
    retry_cap: float = 5.0
    tick_every: float = 1.0
    check_topics_every: float = 10.0
    """How soon a topic that was deleted and made again is noticed, at the latest."""

    due_at: DueAt | None = None
    """Delayed consumption: a record that is not due keeps its partition waiting, and is handed over in order when it
    is; other partitions go on. Records of one partition should be due in about the order in which they were written."""
    longest_wait: float = 86_400.0
    """So long after it was produced a record is handed over, whatever it says."""
    ahead_records: int = 2_000
    ahead_bytes: int = 2 * 1024 * 1024
    """What is fetched ahead of its time, of each partition; with more, fetching pauses, and the polling goes on."""
    clock: Callable[[], Micros] = now_micros
