"""Speed and heading: the device's word first, else derived."""

import pytest

from tests.domain.fixes import METRE, Track, ping


def test_what_the_device_reports_is_kept() -> None:
    track = Track()
    track.take(ping(0))
    position = track.take(ping(10, 53.401, speed=0.0, heading=0.0))
    assert (position.speed, position.heading, position.speed_derived, position.heading_derived) == (0, 0, False, False)


def test_a_first_fix_has_neither() -> None:
    position = Track().take(ping(0))
    assert (position.speed, position.heading, position.speed_derived, position.heading_derived) == (
        None,
        None,
        False,
        False,
    )


def test_both_are_derived_from_the_position_before() -> None:
    track = Track()
    track.take(ping(0))
    position = track.take(ping(10, 53.4 + 150 * METRE))
    assert position.speed == pytest.approx(15, rel=0.01)
    assert position.heading == pytest.approx(0, abs=0.01)
    assert (position.speed_derived, position.heading_derived) == (True, True)


def test_who_stands_still_keeps_pointing_where_they_pointed() -> None:
    track = Track()
    track.take(ping(0))
    track.take(ping(10, 53.4 + 150 * METRE))
    position = track.take(ping(20, 53.4 + 148 * METRE))  # noise, backwards
    assert position.heading == pytest.approx(0, abs=0.01)


def test_a_walker_with_a_fix_every_second_gets_a_heading_too() -> None:
    track = Track()
    positions = [track.take(ping(second, 53.4, -2.9 + second * 2.2 * METRE)) for second in range(12)]
    assert positions[3].heading is None
    assert positions[-1].heading == pytest.approx(90, abs=1)


def test_nothing_is_derived_across_a_long_gap() -> None:
    track = Track()
    track.take(ping(0))
    position = track.take(ping(3_601, 53.5))
    assert (position.speed, position.heading) == (None, None)


def test_nothing_is_derived_for_a_fix_that_is_held_back() -> None:
    track = Track()
    track.take(ping(0))
    position = track.take(ping(1, 10.0))
    assert (position.speed, position.heading) == (None, None)


def test_a_heading_across_the_date_line_points_the_short_way() -> None:
    track = Track()
    track.take(ping(0, 0.0, 179.9995))
    assert track.take(ping(10, 0.0, -179.9995)).heading == pytest.approx(90, abs=0.01)
