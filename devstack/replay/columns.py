"""Which column of a recording is what: told by option, else guessed from the header."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_USUAL_NAMES = {
    "asset": ("asset", "asset_id", "vehicle_id", "vehicle", "tracker", "device_id", "mmsi", "imo", "trackid", "id"),
    "time": ("time", "timestamp", "ais_pos_timestamp", "datetime", "date_time", "basedatetime", "t"),
    "lat": ("lat", "latitude", "y"),
    "lon": ("lon", "lng", "long", "longitude", "x"),
    "heading": ("heading", "bearing", "course", "cog", "direction_deg"),
    "speed": ("speed", "speed_mps", "velocity"),
}
"""In order of preference: a file with `vehicle_id` often has an `id` of its rows, too."""
_NEEDED = ("asset", "time", "lat", "lon")


class ColumnsError(Exception):
    """A column that is needed is not in the file. The message names it, and what there is."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns in the file; heading (degrees) and speed (m/s) may be missing."""

    asset: str
    time: str
    lat: str
    lon: str
    heading: str | None = None
    speed: str | None = None

    def __str__(self) -> str:
        named = {"asset": self.asset, "time": self.time, "lat": self.lat, "lon": self.lon}
        named |= {name: column for name, column in (("heading", self.heading), ("speed", self.speed)) if column}
        return ", ".join(f"{name} = {column}" for name, column in named.items())


def find_columns(header: Sequence[str], told: Mapping[str, str | None]) -> Columns:
    """The columns by what was `told` (`{"asset": "ID"}`; None is untold), then by their usual names in any case.

    Raises:
        ColumnsError: a told column is not there, or a needed one can be guessed from none.
    """
    found = {name: told.get(name) or _guess(name, header) for name in _USUAL_NAMES}
    wrong = [f"no column {column!r} for {name}" for name, column in found.items() if column and column not in header]
    wrong += [f"no column for {name}: name it with --{name}" for name in _NEEDED if not found[name]]
    if wrong:
        raise ColumnsError(f"{'; '.join(wrong)} (the file has {', '.join(header)})")
    return Columns(**{name: column for name, column in found.items() if column})


def _guess(name: str, header: Sequence[str]) -> str | None:
    columns = {column.strip().lower(): column for column in reversed(header)}
    return next((columns[usual] for usual in _USUAL_NAMES[name] if usual in columns), None)
