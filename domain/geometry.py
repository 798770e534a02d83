"""Distances and directions on the globe, taken as a sphere: right to half a percent, which is far below GPS noise."""

import math

EARTH_RADIUS = 6_371_008.8
"""Metres: the mean radius of WGS 84."""


def distance(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Metres between two points given in degrees, by the haversine formula; the short way across the date line."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    sin_lat = math.sin((phi2 - phi1) / 2)
    sin_lon = math.sin(math.radians(lon2 - lon1) / 2)
    a = sin_lat * sin_lat + math.cos(phi1) * math.cos(phi2) * sin_lon * sin_lon
    # Rounding can carry `a` above 1 for opposite points, where asin is not defined.
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(a)))


def initial_bearing(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Degrees clockwise from north, 0 <= bearing < 360, in which one leaves the first point towards the second."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    delta = math.radians(lon2 - lon1)
    east = math.sin(delta) * math.cos(phi2)
    north = math.cos(phi1) * math.sin(phi2) - math.sin(phi1) * math.cos(phi2) * math.cos(delta)
    bearing = math.degrees(math.atan2(east, north)) % 360.0
    # A tiny negative angle becomes 360.0 by rounding, which is not below 360.
    return 0.0 if bearing >= 360.0 else bearing
