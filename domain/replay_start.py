"""How far back a lost state of assets has to be replayed, given what was shown last.

What was shown last is written every 10 seconds of the live stream's own time: of everything older by that much than
the newest entry of a live partition, it holds the latest. Positions come from many fleets, so from many live
partitions, and each of these may lag by another amount.
"""

from collections.abc import Iterable

import msgspec

from domain.instants import HOUR, MINUTE, Micros

SLACK_MS = 30_000
"""Three times the 10 seconds."""
MARGIN: Micros = MINUTE
"""What pings of one partition may be out of the order of their receipt, and what clocks may differ."""
LONGEST_LAG: Micros = HOUR
"""A live partition that is further behind the others is quiet, not late. That it is late for so long, and that the
store is lost at the same time, are two faults at once, which may show a late fix as news."""


class ShownLast(msgspec.Struct, frozen=True):
    """An entry that was made of a ping of the partition in question."""

    live_place: tuple[str, int]
    live_ms: int
    received_at: Micros


def replay_start(shown: Iterable[ShownLast], newest_ms: dict[tuple[str, int], int]) -> Micros | None:
    """From which receipt on positions have to be replayed; None: from the earliest there is.

    `newest_ms`: of each live partition the timestamp of the newest record that any entry names.
    """
    complete_to: dict[tuple[str, int], Micros | None] = {}
    for entry in shown:
        so_far = complete_to.setdefault(entry.live_place, None)
        if entry.live_ms <= newest_ms[entry.live_place] - SLACK_MS and (so_far is None or entry.received_at > so_far):
            complete_to[entry.live_place] = entry.received_at
    known = [instant for instant in complete_to.values() if instant is not None]
    if not known:
        return None
    earliest = min(known) if len(known) == len(complete_to) else 0
    return max(earliest, max(known) - LONGEST_LAG) - MARGIN
