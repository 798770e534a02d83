"""Which records of a partition must be read to know what a channel missed before the log begins. Pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from backbone.topic_scan import Range
from storage.snapshots import ChannelIndex

NEAR = 500
"""Records between two wanted ones that are read with them: that is as fast as to begin anew behind them (1.5 ms)."""
MOST_PARTS = 64


def gap_ranges(position: int, end: int, index: ChannelIndex | None) -> list[Range]:
    """Where records of the channel can stand, from a Kafka offset up to before `end`; nothing if it had none."""
    if index is None or index.known_from is None:
        return _filled([Range(position, end)])
    known, upto = max(position, index.known_from), min(end, index.next_offset)
    before = Range(position, min(known, end))
    after = Range(max(position, index.next_offset), end)
    return _filled([before, *_known_ranges(known, upto, index), after])


def _known_ranges(start: int, end: int, index: ChannelIndex) -> list[Range]:
    """Within what the index accounts for."""
    if index.last is None or index.last < start:
        return []
    end = min(end, index.last + 1)
    if index.listed_from is None:
        return [Range(start, end)]
    listed = max(start, index.listed_from)
    return [Range(start, min(listed, end)), *(Range(each, each + 1) for each in index.offsets if listed <= each < end)]


def joined(ranges: Iterable[Range]) -> list[Range]:
    """The fewest parts to read so that all ranges are read: what is near to one another is one part."""
    parts: list[Range] = []
    for each in sorted(ranges, key=lambda each: each.start):
        if parts and each.start - parts[-1].end <= NEAR:
            parts[-1] = Range(parts[-1].start, max(parts[-1].end, each.end))
        else:
            parts.append(each)
    return _fewer(parts)


def size(ranges: Iterable[Range]) -> int:
    """How many records that is at most."""
    return sum(each.end - each.start for each in ranges)


def _fewer(parts: Sequence[Range]) -> list[Range]:
    """At most so many: apart stay those with the widest gaps between them."""
    gaps = sorted(((after.start - before.end, after.start) for before, after in pairwise(parts)), reverse=True)
    starts = {start for _, start in gaps[: MOST_PARTS - 1]}
    fewer: list[Range] = []
    for each in parts:
        if fewer and each.start not in starts:
            fewer[-1] = Range(fewer[-1].start, each.end)
        else:
            fewer.append(each)
    return fewer


def _filled(ranges: Iterable[Range]) -> list[Range]:
    return [each for each in ranges if each.start < each.end]
