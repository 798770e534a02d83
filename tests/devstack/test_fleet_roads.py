"""The made-up region: the same at every start, connected, on land, and drivable."""

from itertools import pairwise

import pytest

from devstack.fleet.drive import Drive
from devstack.fleet.plane import Point, from_lonlat, inland, to_lonlat
from devstack.fleet.region import Region, build_region
from devstack.fleet.region_map import draw
from devstack.fleet.roads import SPEED_LIMITS, Leg, RoadClass


@pytest.fixture(scope="module")
def region() -> Region:
    return build_region()


def test_same_seed_makes_the_same_region(region: Region) -> None:
    assert draw(build_region()) == draw(region)
    assert draw(build_region(seed=1)) != draw(region)


def test_every_place_can_be_reached_and_is_on_land(region: Region) -> None:
    assert len(region.roads.places) > 1_000
    assert all(inland(place) > 300 for place in region.roads.places)
    for place in range(0, len(region.roads.places), 97):
        assert region.roads.route(0, place) or place == 0


def test_map_draws_every_road_once(region: Region) -> None:
    roads = region.roads
    drawn = [tuple(sorted(pair)) for kind in RoadClass for line in roads.lines(kind) for pair in pairwise(line)]
    assert len(drawn) == len(set(drawn)) == sum(len(ends) for ends in roads.roads.values()) // 2


def test_degrees_and_metres_are_each_others_inverse() -> None:
    lon, lat = to_lonlat(Point(1_234.0, -987.0))
    assert from_lonlat(lon, lat).distance(Point(1_234.0, -987.0)) < 0.2


def test_vehicle_keeps_to_the_limits_and_stops_at_the_end(region: Region) -> None:
    legs = region.roads.route(0, len(region.roads.places) - 1)
    drive = Drive(region.roads.places[0], legs, top_speed=25.0)
    before, fastest, seconds = drive.position, 0.0, 0
    while not drive.arrived:
        drive.advance(1.0)
        assert before.distance(drive.position) <= 26.0
        before, fastest, seconds = drive.position, max(fastest, drive.speed), seconds + 1
        assert seconds < 7_200
    assert fastest <= min(25.0, max(SPEED_LIMITS.values()))
    assert drive.position == legs[-1].end
    assert drive.speed == 0.0


def test_vehicle_slows_down_for_a_sharp_bend() -> None:
    corner = Point(500, 0)
    drive = Drive(Point(0, 0), [Leg(corner, 14.5), Leg(Point(500, 500), 14.5)], top_speed=30.0)
    speeds = {}
    while not drive.arrived:
        drive.advance(0.25)
        speeds[drive.position.distance(corner)] = drive.speed
    assert speeds[min(speeds)] < 5.0
    assert max(speeds.values()) > 13.0
