"""A flat plane of metres around the simulated city, and the real coast beside it."""

import math
from dataclasses import dataclass
from itertools import pairwise

LON_0, LAT_0 = 4.288, 52.0669
"""The plane's origin: the middle of the city, some 3 km behind the Dutch coast."""
_EAST = 111_320.0 * math.cos(math.radians(LAT_0))
_NORTH = 111_200.0

# The coast as Natural Earth's 1:10m map draws it (public domain), which is what the page shows.
_COAST_LONLAT = (
    (4.0698, 51.9885),
    (4.1094, 51.9919),
    (4.1418, 52.0054),
    (4.2858, 52.1134),
    (4.4082, 52.2232),
    (4.509, 52.3363),
)


@dataclass(frozen=True, slots=True)
class Point:
    """Metres east and north of the origin."""

    x: float
    y: float

    def __add__(self, other: "Point") -> "Point":
        return Point(self.x + other.x, self.y + other.y)

    def __sub__(self, other: "Point") -> "Point":
        return Point(self.x - other.x, self.y - other.y)

    def times(self, factor: float) -> "Point":
        return Point(self.x * factor, self.y * factor)

    def distance(self, other: "Point") -> float:
        return math.hypot(other.x - self.x, other.y - self.y)

    def heading_to(self, other: "Point") -> float:
        """Degrees clockwise from north, 0 to 360."""
        return math.degrees(math.atan2(other.x - self.x, other.y - self.y)) % 360


def polar(radius: float, angle: float) -> Point:
    """`radius` metres from the origin, `angle` radians counter-clockwise from east."""
    return Point(radius * math.cos(angle), radius * math.sin(angle))


def from_lonlat(lon: float, lat: float) -> Point:
    return Point((lon - LON_0) * _EAST, (lat - LAT_0) * _NORTH)


def to_lonlat(point: Point) -> tuple[float, float]:
    """Longitude and latitude in degrees, six decimals: a tenth of a metre."""
    return round(LON_0 + point.x / _EAST, 6), round(LAT_0 + point.y / _NORTH, 6)


COAST = tuple(from_lonlat(lon, lat) for lon, lat in _COAST_LONLAT)


def inland(point: Point) -> float:
    """Metres from the coast; negative at sea."""
    nearest, side = math.inf, 1.0
    for start, end in pairwise(COAST):
        along = end - start
        offset = point - start
        share = (offset.x * along.x + offset.y * along.y) / (along.x**2 + along.y**2)
        distance = point.distance(start + along.times(min(1.0, max(0.0, share))))
        if distance < nearest:
            # The coast runs north-east with the land on its right.
            nearest, side = distance, 1.0 if along.x * offset.y - along.y * offset.x < 0 else -1.0
    return side * nearest


def shore(distance: float) -> list[Point]:
    """The coast moved inland by so many metres."""
    moved = []
    for index, point in enumerate(COAST):
        before, after = COAST[max(0, index - 1)], COAST[min(len(COAST) - 1, index + 1)]
        length = before.distance(after)
        moved.append(point + Point((after.y - before.y) / length, -(after.x - before.x) / length).times(distance))
    return moved
