"""The shape of a geofence, made ready to be asked."""

import math
from typing import NamedTuple

import msgspec

from domain.geometry import EARTH_RADIUS, distance
from domain.reference import Geofence

METRES_PER_DEGREE = math.radians(EARTH_RADIUS)
"""Of latitude."""


class Box(NamedTuple):
    """Degrees. `east` is above 180 where the box crosses the date line."""

    south: float
    west: float
    north: float
    east: float


class GeofenceShape(msgspec.Struct, frozen=True):
    """A ring, or a circle. Edges of a ring are straight on a map of degrees, which is right for some kilometres."""

    id: str
    name: str | None
    box: Box
    ring: tuple[tuple[float, float], ...]
    """(latitude, longitude); longitudes are in the range of the box."""
    center: tuple[float, float] | None
    radius: float

    def contains(self, lat: float, lon: float) -> bool:
        """Whether a place, in degrees, is inside."""
        if self.center is not None:
            return distance(lat, lon, *self.center) <= self.radius
        lon = self._unwrapped(lon)
        box = self.box
        if not (box.south <= lat <= box.north and box.west <= lon <= box.east):
            return False
        return _inside(self.ring, lat, lon)

    def within(self, lat: float, lon: float, metres: float) -> bool:
        """Whether a place is inside, or outside by no more than `metres`."""
        if self.center is not None:
            return distance(lat, lon, *self.center) <= self.radius + metres
        return self.contains(lat, lon) or self._edge_distance(lat, self._unwrapped(lon)) <= metres

    def _unwrapped(self, lon: float) -> float:
        return lon + 360.0 if self.box.east > 180.0 and lon < self.box.west else lon

    def _edge_distance(self, lat: float, lon: float) -> float:
        """Metres on a plane that touches the globe at the place."""
        per_lon = METRES_PER_DEGREE * math.cos(math.radians(lat))
        points = [
            ((each_lon - lon) * per_lon, (each_lat - lat) * METRES_PER_DEGREE) for each_lat, each_lon in self.ring
        ]
        return min(_segment_distance(one, other) for one, other in zip(points, [*points[1:], points[0]], strict=True))


def shape_of(geofence_id: str, geofence: Geofence) -> GeofenceShape | None:
    """None for a geofence that has no area: neither a circle nor a ring of three points."""
    if geofence.center is not None and geofence.radius is not None and geofence.radius > 0:
        center = (geofence.center.lat, geofence.center.lon)
        box = _circle_box(*center, geofence.radius)
        return GeofenceShape(geofence_id, geofence.name, box, (), center, geofence.radius)
    if len(geofence.ring) < 3:
        return None
    lats, lons = [point.lat for point in geofence.ring], [point.lon for point in geofence.ring]
    if max(lons) - min(lons) > 180.0:  # it crosses the date line: nobody draws around the other side of the globe
        lons = [lon + 360.0 if lon < 0 else lon for lon in lons]
    ring = tuple(zip(lats, lons, strict=True))
    return GeofenceShape(geofence_id, geofence.name, Box(min(lats), min(lons), max(lats), max(lons)), ring, None, 0.0)


def _circle_box(lat: float, lon: float, radius: float) -> Box:
    high = radius / METRES_PER_DEGREE
    nearest_pole = min(90.0, abs(lat) + high)
    if nearest_pole >= 89.9:
        return Box(lat - high, -180.0, lat + high, 180.0)
    wide = high / math.cos(math.radians(nearest_pole))
    west = lon - wide
    shift = 360.0 if west < -180.0 else 0.0
    return Box(lat - high, west + shift, lat + high, lon + wide + shift)


def _inside(ring: tuple[tuple[float, float], ...], lat: float, lon: float) -> bool:
    """A ray to the east crosses the ring an odd number of times."""
    inside = False
    lat_before, lon_before = ring[-1]
    for lat_here, lon_here in ring:
        crosses = (lat_here > lat) != (lat_before > lat)
        if crosses and lon < (lon_before - lon_here) * (lat - lat_here) / (lat_before - lat_here) + lon_here:
            inside = not inside
        lat_before, lon_before = lat_here, lon_here
    return inside


def _segment_distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """From the origin to a segment."""
    (x1, y1), (x2, y2) = one, other
    dx, dy = x2 - x1, y2 - y1
    length = dx * dx + dy * dy
    along = 0.0 if length == 0.0 else max(0.0, min(1.0, -(x1 * dx + y1 * dy) / length))
    return math.hypot(x1 + along * dx, y1 + along * dy)
