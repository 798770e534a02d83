"""How fixes are judged. Each test says what a device may do, and what is then shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.instants import DAY, SECOND
from domain.ping import GpsPing
from domain.quality import QualityFlag
from domain.quality_limits import QualityLimits
from domain.quality_rules import RULES, held_back_by
from tests.domain.fixes import METRE, Track, ping


def test_a_first_fix_and_the_ones_that_follow_it_have_no_flag() -> None:
    assert Track().flags(ping(0), ping(20, 53.401), ping(40, 53.402)) == [[], [], []]


def test_no_fix_is_exactly_zero_and_zero_and_never_becomes_the_position() -> None:
    track = Track()
    assert track.flags(ping(0, 0.0, 0.0), ping(1, 0.0, -0.0)) == [["no_fix"], ["no_fix"]]
    assert track.state.last is None
    assert track.flags(ping(2, 0.0, 6.5)) == [[]]  # the equator is a place


def test_a_clock_may_be_30_seconds_ahead_and_no_more() -> None:
    assert Track().flags(ping(30, received=0)) == [[]]
    assert Track().flags(ping(30.000001, received=0)) == [["future"]]


def test_a_clock_in_the_future_does_not_hold_back_the_fixes_that_follow() -> None:
    assert Track().flags(ping(0), ping(9_999, received=1), ping(2)) == [[], ["future"], []]


def test_a_fix_over_7_days_old_is_too_old_and_late() -> None:
    week = 7 * DAY // SECOND
    assert Track().flags(ping(0, received=week)) == [["late"]]
    assert Track().flags(ping(0, received=week + 1)) == [["too_old", "late"]]


def test_a_date_1024_weeks_back_is_too_old() -> None:
    weeks = 1024 * 7 * DAY // SECOND
    assert Track().flags(ping(-weeks, received=0)) == [["too_old", "late"]]


def test_a_late_fix_that_is_the_newest_is_shown() -> None:
    track = Track()
    assert track.flags(ping(0, received=60), ping(1, received=61.5)) == [[], ["late"]]
    assert track.state.last is not None
    assert track.state.last.id == "p1"


def test_the_same_event_again_is_a_duplicate_however_often_and_whatever_came_between() -> None:
    track = Track()
    assert track.flags(ping(0), ping(0), ping(5), ping(0)) == [[], ["duplicate"], [], ["duplicate", "out_of_order"]]


def test_the_same_event_again_is_a_duplicate_even_if_it_was_held_back() -> None:
    far = ping(1, 10.0, event="far")
    assert Track().flags(ping(0), far, far)[2] == ["duplicate", "impossible_jump"]


def test_the_event_that_is_shown_is_a_duplicate_even_when_its_id_left_the_ring() -> None:
    track = Track(QualityLimits(recent_ids=1))
    late_ones = [ping(-seconds, event=f"late{seconds}") for seconds in (1, 2, 3)]
    assert track.flags(ping(0), *late_ones, ping(0))[-1] == ["duplicate"]


def test_ids_remembered_are_bounded() -> None:
    track = Track(QualityLimits(recent_ids=3))
    track.flags(*(ping(n) for n in range(10)))
    assert track.state.recent_ids == ("p7", "p8", "p9")


def test_an_older_fix_is_out_of_order_and_one_as_old_is_same_time() -> None:
    track = Track()
    assert track.flags(ping(10), ping(9), ping(10, event="other")) == [[], ["out_of_order"], ["same_time"]]
    assert track.state.last is not None
    assert track.state.last.id == "p10"


def test_a_jump_out_of_reach_is_impossible() -> None:
    assert Track().flags(ping(0), ping(10, 53.4 + 1_101 * METRE)) == [[], ["impossible_jump"]]
    assert Track().flags(ping(0), ping(10, 53.4 + 1_099 * METRE)) == [[], []]


def test_an_assets_own_highest_speed_decides() -> None:
    assert Track(max_speed=20).flags(ping(0), ping(10, 53.4 + 301 * METRE)) == [[], ["impossible_jump"]]
    assert Track(max_speed=300).flags(ping(0), ping(10, 53.4 + 3_000 * METRE)) == [[], []]


def test_noise_within_the_allowance_is_no_jump_even_in_no_time() -> None:
    assert Track(max_speed=1).flags(ping(0), ping(0.1, 53.4 + 99 * METRE)) == [[], []]


def test_a_fix_that_says_how_unsure_it_is_gets_that_allowance() -> None:
    unsure = ping(1, 53.4 + 4_000 * METRE, accuracy=4_000)
    assert Track().flags(ping(0), unsure) == [[], []]


def test_a_jump_across_the_date_line_is_none() -> None:
    assert Track().flags(ping(0, 0.0, 179.9999), ping(20, 0.0, -179.9999)) == [[], []]


def test_one_wrong_fix_does_not_hold_back_the_right_ones() -> None:
    assert Track().flags(ping(0), ping(20, 54.4), ping(40, 53.401)) == [[], ["impossible_jump"], []]


def test_when_the_shown_position_was_the_wrong_one_the_third_that_agree_is_shown() -> None:
    wrong_first = ping(0, 10.0, 10.0)
    right = [ping(20 * n, 53.4 + n * 100 * METRE) for n in range(1, 5)]
    assert Track().flags(wrong_first, *right) == [[], ["impossible_jump"], ["impossible_jump"], [], []]


def test_fixes_that_jump_about_confirm_nothing() -> None:
    about = [ping(n, 10.0 * n) for n in range(1, 6)]
    assert Track().flags(ping(0), *about)[1:] == [["impossible_jump"]] * 5


def test_fixes_of_one_instant_confirm_nothing() -> None:
    repeated = [ping(1, 10.0, event=f"r{n}") for n in range(5)]
    assert Track().flags(ping(0), *repeated)[1:] == [["impossible_jump"]] * 5


def test_a_good_fix_ends_the_row_of_impossible_ones() -> None:
    far = [ping(n, 10.0) for n in (1, 2)]
    assert Track().flags(ping(0), *far, ping(3), ping(4, 10.0))[-1] == ["impossible_jump"]


def test_each_flag_but_the_schemas_unknown_has_one_rule_and_late_alone_is_shown() -> None:
    assert [flag for flag, _ in RULES] == [flag for flag in QualityFlag if flag is not QualityFlag.UNKNOWN]
    assert held_back_by([]) is None
    assert held_back_by([QualityFlag.LATE]) is None
    for flag in set(QualityFlag) - {QualityFlag.LATE}:
        assert held_back_by([flag, QualityFlag.LATE]) is flag


FIXES = st.lists(
    st.builds(
        ping,
        st.integers(-100, 100),
        st.one_of(st.just(0.0), st.floats(-90, 90), st.floats(53.39, 53.41)),
        st.one_of(st.just(0.0), st.floats(-180, 180), st.floats(-2.91, -2.89)),
        event=st.sampled_from([f"e{n}" for n in range(40)]),
        received=st.integers(-100, 300),
        accuracy=st.one_of(st.none(), st.floats(0, 1_000)),
    ),
    max_size=60,
)


@given(FIXES)
@settings(deadline=None)
def test_whatever_arrives_what_is_shown_only_moves_forward_in_time_and_no_event_is_shown_twice(
    fixes: list[GpsPing],
) -> None:
    track = Track(QualityLimits(recent_ids=100))
    shown = [fix for fix in fixes if held_back_by(track.take(fix).quality) is None]
    times = [fix.time for fix in shown]
    assert times == sorted(set(times))
    assert len({fix.id for fix in shown}) == len(shown)


@given(FIXES)
@settings(deadline=None)
def test_no_asset_is_ever_stuck(fixes: list[GpsPing]) -> None:
    """Whatever came before: three good fixes that agree with each other, and the last is shown."""
    track = Track()
    track.flags(*fixes)
    after = [ping(101 + n, 53.4, event=f"good{n}") for n in range(3)]
    assert track.flags(*after)[-1] == []


@given(FIXES)
@settings(deadline=None)
def test_judging_again_from_the_same_state_gives_the_same_position(fixes: list[GpsPing]) -> None:
    once, again = Track(), Track()
    assert [once.take(fix) for fix in fixes] == [again.take(fix) for fix in fixes]


@pytest.mark.parametrize("speed", [0.0, -5.0])
def test_a_highest_speed_that_says_nothing_is_passed_over(speed: float) -> None:
    assert Track(max_speed=speed).flags(ping(0), ping(20, 53.401)) == [[], []]
