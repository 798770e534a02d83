"""Distances and bearings, also where longitudes wrap and meridians meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geometry import EARTH_RADIUS, distance, initial_bearing

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
DEGREE = EARTH_RADIUS * 3.141592653589793 / 180


def test_known_distances_are_right_to_half_a_percent() -> None:
    # On the WGS 84 ellipsoid a degree is 111,320 m along the equator, and 111,132 m along a meridian at 45 degrees.
    assert distance(0, 10, 0, 11) == pytest.approx(111_320, rel=0.005)
    assert distance(44.5, 10, 45.5, 10) == pytest.approx(111_132, rel=0.005)


def test_the_short_way_leads_across_the_date_line() -> None:
    assert distance(0, 179.5, 0, -179.5) == pytest.approx(DEGREE)
    assert initial_bearing(0, 179.5, 0, -179.5) == pytest.approx(90)
    assert initial_bearing(0, -179.5, 0, 179.5) == pytest.approx(270)


def test_at_a_pole_all_longitudes_are_the_same_place() -> None:
    assert distance(90, 0, 90, 137) == pytest.approx(0, abs=1e-6)
    assert distance(89, 0, 89, 180) == pytest.approx(2 * DEGREE)
    assert (initial_bearing(89, 10, 90, -120) + 180) % 360 == pytest.approx(180)
    assert initial_bearing(-89, 10, -90, -120) == pytest.approx(180)


def test_opposite_points_are_half_the_globe_apart() -> None:
    assert distance(0, 0, 0, 180) == pytest.approx(180 * DEGREE)
    assert distance(37.5, -100.1, -37.5, 79.9) == pytest.approx(180 * DEGREE)


@pytest.mark.parametrize(("lat", "lon", "bearing"), [(1, 0, 0), (0, 1, 90), (-1, 0, 180), (0, -1, 270)])
def test_bearings_run_clockwise_from_north(lat: float, lon: float, bearing: float) -> None:
    assert initial_bearing(0, 0, lat, lon) == pytest.approx(bearing)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_a_distance_is_the_same_both_ways_and_at_most_half_the_globe(
    lat1: float, lon1: float, lat2: float, lon2: float
) -> None:
    there, back = distance(lat1, lon1, lat2, lon2), distance(lat2, lon2, lat1, lon1)
    assert 0 <= there <= 180 * DEGREE * (1 + 1e-12)
    assert there == pytest.approx(back, abs=1e-3)


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_a_bearing_is_always_from_0_to_below_360(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    assert 0 <= initial_bearing(lat1, lon1, lat2, lon2) < 360
