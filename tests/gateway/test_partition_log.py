"""The log of one partition: complete from start to end, bounded, and deaf to repeats."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.instants import SECOND
from domain.live_update import LiveUpdate
from domain.source_position import SourcePosition
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.reading.partition_log import LogLimits, PartitionLog
from tests.gateway.live_topic import position

WIDE = LogLimits(max_bytes=10_000_000, max_publications=1_000, max_seconds=60)


def sourced(partition: int, offset: int, index: int = 0, *, topic_id: str = "p") -> LiveUpdate:
    update = position("a", offset)
    source = SourcePosition("fleet.positions.v1", topic_id, partition, offset, index)
    return LiveUpdate(**{**{f: getattr(update, f) for f in update.__struct_fields__}, "source": source})


def test_gives_a_channels_publications_from_an_offset_on() -> None:
    log = PartitionLog(10, WIDE)
    for offset in range(10, 20):
        log.append(Publication(offset, position("a" if offset % 2 else "b", offset)))
    assert [each.kafka_offset for each in log.since("asset:acme/a", 13)] == [13, 15, 17, 19]
    assert [each.kafka_offset for each in log.since("fleet:acme", 18)] == [18, 19]
    assert log.since("asset:acme/none", 10) == []
    assert (log.start, log.end) == (10, 20)


def test_tells_what_a_client_had_lately() -> None:
    log = PartitionLog(0, WIDE)
    for offset in range(10):
        log.append(Publication(offset, position("a", offset), produced_at=offset * SECOND))
    assert [each.kafka_offset for each in log.had("asset:acme/a", 8, 5 * SECOND)] == [7, 6, 5]
    assert log.had("asset:acme/none", 8, 0) == []


def test_covers_what_it_has_seen_whole() -> None:
    log = PartitionLog(10, WIDE)
    log.advance(15)
    assert [offset for offset in range(20) if log.covers(offset)] == [10, 11, 12, 13, 14, 15]


def test_over_its_bounds_the_oldest_go_and_it_no_longer_covers_them() -> None:
    by_count = PartitionLog(0, LogLimits(max_bytes=10_000_000, max_publications=5, max_seconds=60))
    by_bytes = PartitionLog(
        0, LogLimits(max_bytes=5 * Publication(0, position("a", 0)).memory_bytes, max_publications=99, max_seconds=60)
    )
    for log in (by_count, by_bytes):
        for offset in range(9):
            log.append(Publication(offset, position("a", offset)))
        assert (log.start, log.end, len(log)) == (4, 9, 5)
        assert not log.covers(3)
        assert [each.kafka_offset for each in log.since("asset:acme/a", 0)] == [4, 5, 6, 7, 8]
        assert log.bytes == sum(each.memory_bytes for each in log.since("fleet:acme", 0))


def test_what_is_older_than_the_bound_goes_be_there_room_or_not() -> None:
    log = PartitionLog(0, LogLimits(max_bytes=10_000_000, max_publications=99, max_seconds=10))
    first = position("a", 0)
    for offset in range(8):
        at = first.received_at + 4 * offset * SECOND
        log.append(Publication(offset, msgspec.structs.replace(first, received_at=at)))
    assert (log.start, log.end, len(log)) == (5, 8, 3)


def test_a_channel_that_was_evicted_leaves_nothing_behind() -> None:
    log = PartitionLog(0, LogLimits(max_bytes=10_000_000, max_publications=2, max_seconds=60))
    for offset in range(50):
        log.append(Publication(offset, position(f"a{offset}", 1)))
    assert len(log._channels) == 3  # the fleet's, and those of the two that are kept


def test_skips_what_its_source_has_made_before() -> None:
    """A replayed processor, or one that does not know yet that it lost its partition."""
    log = PartitionLog(0, WIDE)
    steps = [
        (sourced(0, 5), True),
        (sourced(0, 5, 1), True),
        (sourced(0, 5), False),
        (sourced(0, 4, 9), False),
        (sourced(1, 3), True),
        (sourced(0, 3, topic_id="another"), True),
        (position("client", 1), True),
        (position("client", 1), True),
        (sourced(0, 6), True),
    ]
    assert [log.append(Publication(offset, update)) for offset, (update, _) in enumerate(steps)] == [
        news for _, news in steps
    ]
    assert log.repeats == 2
    assert log.end == len(steps)


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 10))
def test_reading_a_partition_again_changes_nothing(offsets: list[int], bound: int) -> None:
    """Reopened readers deliver what was delivered before."""
    log = PartitionLog(0, LogLimits(max_bytes=10_000_000, max_publications=bound, max_seconds=60))
    for offset in offsets:
        log.append(Publication(offset, position("a", offset)))
    kept = [each.kafka_offset for each in log.since("fleet:acme", 0)]
    assert kept == sorted(set(kept))
    assert len(kept) <= bound
    assert all(log.start <= offset < log.end for offset in kept)
