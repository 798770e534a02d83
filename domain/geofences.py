"""Which geofences a place is in: found by the cells of a grid, so that a thousand far ones cost nothing."""

import math
from collections.abc import Iterator

from domain.geofence_shape import Box, GeofenceShape, shape_of
from domain.reference import Geofence

CELL_DEGREES = (0.01, 0.1, 1.0, 10.0)
"""A geofence is kept in the finest of these grids in which it lies in few enough cells."""
MOST_CELLS = 16
_ROW = 100_000  # more than there are columns in the finest grid


class _Fleet:
    """The geofences of one fleet. Cells are replaced, never changed: another thread may be reading them."""

    def __init__(self) -> None:
        self.shapes: dict[str, GeofenceShape] = {}
        self.grids: tuple[dict[int, tuple[GeofenceShape, ...]], ...] = tuple({} for _ in CELL_DEGREES)

    def put(self, shape: GeofenceShape) -> None:
        level = _level(shape.box)
        for cell in _cells(shape.box, level):
            self.grids[level][cell] = (*self.grids[level].get(cell, ()), shape)
        self.shapes[shape.id] = shape

    def remove(self, geofence_id: str) -> None:
        shape = self.shapes.pop(geofence_id, None)
        if shape is None:
            return
        level = _level(shape.box)
        for cell in _cells(shape.box, level):
            rest = tuple(each for each in self.grids[level][cell] if each is not shape)
            if rest:
                self.grids[level][cell] = rest
            else:
                del self.grids[level][cell]


class GeofenceIndex:
    """All geofences, by fleet. One thread changes it, others may ask at the same time."""

    def __init__(self) -> None:
        self._fleets: dict[str, _Fleet] = {}

    def put(self, fleet: str, geofence_id: str, geofence: Geofence) -> None:
        """Adds a geofence, or replaces the one of this id; one that has no area is none."""
        self.remove(fleet, geofence_id)
        shape = shape_of(geofence_id, geofence)
        if shape is not None:
            self._fleets.setdefault(fleet, _Fleet()).put(shape)

    def remove(self, fleet: str, geofence_id: str) -> None:
        """Forgets a geofence; one that is not known is no error."""
        known = self._fleets.get(fleet)
        if known is None:
            return
        known.remove(geofence_id)
        if not known.shapes:
            del self._fleets[fleet]

    def of(self, fleet: str, geofence_id: str) -> GeofenceShape | None:
        """The geofence of this id."""
        known = self._fleets.get(fleet)
        return None if known is None else known.shapes.get(geofence_id)

    def at(self, fleet: str, lat: float, lon: float) -> list[GeofenceShape]:
        """The geofences of the fleet that contain a place, given in degrees, by id."""
        known = self._fleets.get(fleet)
        if known is None:
            return []
        found = [
            shape
            for size, grid in zip(CELL_DEGREES, known.grids, strict=True)
            if grid
            for shape in grid.get(_row(lat, size) * _ROW + _column(lon, size), ())
            if shape.contains(lat, lon)
        ]
        return sorted(found, key=lambda shape: shape.id) if len(found) > 1 else found


def _level(box: Box) -> int:
    """The finest grid in which the box is in few cells; the coarsest if there is none."""
    for level, size in enumerate(CELL_DEGREES):
        rows = _row(box.north, size) - _row(box.south, size) + 1
        columns = math.floor((box.east + 180.0) / size) - math.floor((box.west + 180.0) / size) + 1
        if rows * columns <= MOST_CELLS:
            return level
    return len(CELL_DEGREES) - 1


def _cells(box: Box, level: int) -> Iterator[int]:
    size = CELL_DEGREES[level]
    first, last = math.floor((box.west + 180.0) / size), math.floor((box.east + 180.0) / size)
    columns = {column % _columns(size) for column in range(first, last + 1)}
    for row in range(_row(box.south, size), _row(box.north, size) + 1):
        for column in columns:
            yield row * _ROW + column


def _row(lat: float, size: float) -> int:
    return math.floor((lat + 90.0) / size)


def _column(lon: float, size: float) -> int:
    return math.floor((lon + 180.0) / size) % _columns(size)


def _columns(size: float) -> int:
    return round(360.0 / size)
