"""Which geofences a place is in."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geofence_shape import shape_of
from domain.geofences import GeofenceIndex
from domain.geometry import distance
from domain.reference import Geofence, Point
from tests.domain.fixes import METRE

SQUARE = Geofence(name="yard", ring=[Point(53.0, -3.0), Point(53.0, -2.9), Point(53.1, -2.9), Point(53.1, -3.0)])
# A U that is open to the north.
BAY = Geofence(
    ring=[Point(*at) for at in ((0, 0), (0, 3), (3, 3), (3, 2), (1, 2), (1, 1), (3, 1), (3, 0))],
)
ACROSS = Geofence(ring=[Point(-1, 179.5), Point(-1, -179.5), Point(1, -179.5), Point(1, 179.5)])

lats = st.floats(-89, 89)
lons = st.floats(-180, 180)


def index(**geofences: Geofence) -> GeofenceIndex:
    made = GeofenceIndex()
    for geofence_id, geofence in geofences.items():
        made.put("acme", geofence_id, geofence)
    return made


def at(made: GeofenceIndex, lat: float, lon: float) -> list[str]:
    return [shape.id for shape in made.at("acme", lat, lon)]


@pytest.mark.parametrize(("lat", "lon", "inside"), [(53.05, -2.95, True), (53.15, -2.95, False), (53.05, -2.85, False)])
def test_a_ring_contains_what_is_inside(lat: float, lon: float, inside: bool) -> None:
    assert at(index(yard=SQUARE), lat, lon) == (["yard"] if inside else [])


@pytest.mark.parametrize(("lat", "lon", "inside"), [(2, 0.5, True), (2, 1.5, False), (0.5, 1.5, True), (2, 2.5, True)])
def test_a_ring_may_have_bays(lat: float, lon: float, inside: bool) -> None:
    assert at(index(bay=BAY), lat, lon) == (["bay"] if inside else [])


@pytest.mark.parametrize(("lon", "inside"), [(179.9, True), (-179.9, True), (180.0, True), (179.4, False), (0, False)])
def test_a_ring_may_cross_the_date_line(lon: float, inside: bool) -> None:
    assert at(index(across=ACROSS), 0, lon) == (["across"] if inside else [])


@given(lat=lats, lon=lons, radius=st.floats(1, 3_000_000), bearing=st.floats(0, 360), part=st.floats(0, 2))
def test_a_circle_contains_what_is_within_its_radius(
    lat: float, lon: float, radius: float, bearing: float, part: float
) -> None:
    made = index(zone=Geofence(center=Point(lat, lon), radius=radius))
    reach = part * radius * METRE
    place_lat = max(-90.0, min(90.0, lat + reach * math.cos(math.radians(bearing))))
    wide = reach * math.sin(math.radians(bearing)) / max(0.01, math.cos(math.radians(place_lat)))
    place_lon = (lon + wide + 180.0) % 360.0 - 180.0
    inside = distance(lat, lon, place_lat, place_lon) <= radius
    assert at(made, place_lat, place_lon) == (["zone"] if inside else [])


corner = st.tuples(st.floats(-60, 60), st.floats(-170, 170))


@given(
    places=st.lists(st.tuples(corner, st.floats(0.0001, 20)), min_size=1, max_size=20),
    lat=st.floats(-80, 80),
    lon=st.floats(-180, 180),
)
def test_the_grid_finds_what_looking_at_each_finds(
    places: list[tuple[tuple[float, float], float]], lat: float, lon: float
) -> None:
    """Also at the corners of each, and where sizes differ by much."""
    fences = {
        f"g{n}": Geofence(
            ring=[
                Point(south, west),
                Point(south, min(180, west + size)),
                Point(south + size, min(180, west + size)),
                Point(south + size, west),
            ]
        )
        for n, ((south, west), size) in enumerate(places)
    }
    made = index(**fences)
    shapes = [shape_of(name, fence) for name, fence in fences.items()]
    for place in [(lat, lon), *(place for place, _ in places)]:
        assert at(made, *place) == sorted(shape.id for shape in shapes if shape is not None and shape.contains(*place))


def test_a_replaced_geofence_is_where_it_is_now_and_a_removed_one_nowhere() -> None:
    made = index(yard=SQUARE, other=SQUARE)
    made.put("acme", "yard", BAY)
    assert at(made, 53.05, -2.95) == ["other"]
    assert at(made, 0.5, 0.5) == ["yard"]
    made.remove("acme", "yard")
    made.remove("acme", "other")
    made.remove("acme", "unknown")
    assert at(made, 0.5, 0.5) == at(made, 53.05, -2.95) == []


def test_geofences_of_another_fleet_are_not_asked() -> None:
    made = index(yard=SQUARE)
    assert made.at("acme.eu", 53.05, -2.95) == []
    assert made.of("acme.eu", "yard") is None
    assert made.of("acme", "yard") is not None


@pytest.mark.parametrize("geofence", [Geofence(), Geofence(ring=[Point(0, 0), Point(1, 1)]), Geofence(radius=5.0)])
def test_a_geofence_without_an_area_is_none(geofence: Geofence) -> None:
    assert shape_of("g", geofence) is None


@pytest.mark.parametrize(("metres", "near"), [(10, True), (24, True), (26, False), (500, False)])
def test_how_far_outside_a_place_is(metres: float, near: bool) -> None:
    yard, circle = shape_of("yard", SQUARE), shape_of("c", Geofence(center=Point(53.0, -3.0), radius=100.0))
    assert yard is not None
    assert circle is not None
    assert yard.within(53.1 + metres * METRE, -2.95, 25.0) == near
    assert yard.within(53.05, -3.0 - metres * METRE / math.cos(math.radians(53.05)), 25.0) == near
    assert circle.within(53.0 + (100 + metres) * METRE, -3.0, 25.0) == near
    assert yard.within(53.05, -2.95, 0.0)
