"""What must be read of a partition: never less than the channel's records, and little more where the index knows."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from backbone.topic_scan import Range
from push_service.gateway.reading.gap import MOST_PARTS, NEAR, gap_ranges, joined, size
from storage.snapshots import ChannelIndex, channel_index


def within(offset: int, ranges: list[Range]) -> bool:
    return any(each.start <= offset < each.end for each in ranges)


@given(
    its=st.sets(st.integers(0, 200), max_size=40),
    next_offset=st.integers(0, 200),
    behind=st.none() | st.integers(0, 200),
    kept=st.none() | st.integers(1, 10),
    position=st.integers(0, 200),
    length=st.integers(0, 200),
)
def test_the_channels_records_are_never_left_out(
    its: set[int], next_offset: int, behind: int | None, kept: int | None, position: int, length: int
) -> None:
    """Whatever the index knows: nothing, since when, of how many, and to where."""
    known_from = None if behind is None else max(0, next_offset - behind)
    recorded = sorted(each for each in its if each < next_offset)
    since = [each for each in recorded if known_from is not None and each >= known_from]
    listed = since[-kept:] if kept else []
    cut_at = listed[0] if kept and len(listed) < len(since) else None
    index = channel_index(next_offset, known_from, recorded[-1] if recorded else None, cut_at, listed)
    end = position + length
    ranges = gap_ranges(position, end, index)
    assert all(position <= each.start < each.end <= end for each in ranges)
    assert all(before.end <= after.start for before, after in itertools.pairwise(ranges))
    assert all(within(each, ranges) for each in its if position <= each < end)
    if index.listed_from is not None:
        exact = range(max(position, index.listed_from), min(end, next_offset))
        assert all(each in its for each in exact if within(each, ranges))


def test_without_an_index_all_is_read() -> None:
    assert gap_ranges(3, 9, None) == [Range(3, 9)]
    assert gap_ranges(9, 9, None) == []


def test_a_channel_that_had_nothing_since_needs_no_reading() -> None:
    assert gap_ranges(100, 900, ChannelIndex(1_000, 50, 99, None)) == []
    assert gap_ranges(100, 900, ChannelIndex(1_000, 50, None, 50)) == []


@given(st.lists(st.tuples(st.integers(0, 1_000_000), st.integers(1, 900)), max_size=300))
def test_parts_are_few_and_leave_nothing_out(spans: list[tuple[int, int]]) -> None:
    ranges = [Range(start, start + length) for start, length in spans]
    parts = joined(ranges)
    assert len(parts) <= MOST_PARTS
    assert all(after.start - before.end > NEAR for before, after in itertools.pairwise(parts))
    assert all(any(part.start <= each.start and each.end <= part.end for part in parts) for each in ranges)
    if parts:
        assert size(parts) <= max(each.end for each in ranges) - min(each.start for each in ranges)
