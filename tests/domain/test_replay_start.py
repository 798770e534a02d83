"""How far back a lost state is replayed."""

from domain.instants import HOUR, MINUTE, SECOND
from domain.replay_start import ShownLast, replay_start

ONE, OTHER = ("live", 0), ("live", 1)


def shown(live_s: int, received_s: int, place: tuple[str, int] = ONE) -> ShownLast:
    return ShownLast(place, live_s * 1000, received_s * SECOND)


def test_with_nothing_shown_all_is_replayed() -> None:
    assert replay_start([], {}) is None


def test_only_what_is_well_behind_the_newest_entry_is_taken_for_complete() -> None:
    start = replay_start([shown(9_900, 9_899), shown(9_965, 9_964), shown(9_999, 9_998)], {ONE: 10_000_000})
    assert start == 9_964 * SECOND - MINUTE


def test_a_stream_that_was_routed_an_hour_late_is_replayed_by_its_receipt_not_by_when_it_was_routed() -> None:
    start = replay_start([shown(9_000, 5_400), shown(9_960, 6_300), shown(10_000, 6_400)], {ONE: 10_000_000})
    assert start == 6_300 * SECOND - MINUTE


def test_the_live_partition_that_is_furthest_behind_decides() -> None:
    entries = [shown(9_960, 9_959), shown(8_900, 8_899, OTHER)]
    assert replay_start(entries, {ONE: 10_000_000, OTHER: 8_930_000}) == 8_899 * SECOND - MINUTE


def test_a_quiet_live_partition_does_not_cause_days_to_be_replayed() -> None:
    entries = [shown(900_960, 900_959), shown(8_900, 8_899, OTHER)]
    start = replay_start(entries, {ONE: 901_000_000, OTHER: 8_930_000})
    assert start == 900_959 * SECOND - HOUR - MINUTE


def test_a_live_partition_of_which_nothing_is_complete_goes_back_as_far_as_any() -> None:
    entries = [shown(900_960, 900_959), shown(900_999, 900_998, OTHER)]
    start = replay_start(entries, {ONE: 901_000_000, OTHER: 901_000_000})
    assert start == 900_959 * SECOND - HOUR - MINUTE


def test_when_nothing_is_complete_all_is_replayed() -> None:
    assert replay_start([shown(10_000, 9_999)], {ONE: 10_000_000}) is None
