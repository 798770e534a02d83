"""How a group consumer works: its bounds and times."""

from dataclasses import dataclass


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
