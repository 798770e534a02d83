"""Reads a recorded CSV, row by row, keeping the rows that cannot be read apart."""

import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from devstack.replay.columns import Columns, find_columns
from devstack.replay.times import TimeReader, find_time_reader

_DELIMITERS = ",;\t|"
_NO_ID = re.compile(r"[^A-Za-z0-9._~-]+")


class RecordingError(Exception):
    """The file as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One readable row."""

    line: int
    asset: str
    time: datetime
    lat: float
    lon: float
    heading: float | None
    speed: float | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that is no fix, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Reading:
    """How to read a file. Untold columns and delimiter are guessed from its header."""

    columns: Mapping[str, str | None]
    delimiter: str | None
    time_format: str | None
    zone: tzinfo
    prefix: str = ""
    """Put before each asset's id."""


class Recording:
    """An open recording: `columns` and `time_form` say how it is read."""

    def __init__(self, path: Path, reading: Reading) -> None:
        """Raises RecordingError, ColumnsError, TimeFormatError."""
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise RecordingError(f"{path} cannot be read: {error}") from None
        first_line = text.partition("\n")[0]
        self.delimiter = reading.delimiter or max(_DELIMITERS, key=first_line.count)
        self._lines = text.splitlines(keepends=True)
        self._prefix = reading.prefix
        header = next(self._rows(), (0, []))[1]
        self.columns: Columns = find_columns(header, reading.columns)
        self._at = {name: header.index(column) for name, column in vars(self.columns).items() if column is not None}
        self._width = len(header)
        self.time_form, self._read_time = self._find_time_reader(reading)

    def rows(self) -> Iterator[Fix | Unreadable]:
        """All rows after the header, in the file's order."""
        rows = self._rows()
        next(rows)
        for line, cells in rows:
            try:
                yield self._fix(line, cells)
            except ValueError as error:
                yield Unreadable(line, str(error))

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(self._lines, delimiter=self.delimiter)
        for cells in reader:
            if cells:
                yield reader.line_num, cells

    def _find_time_reader(self, reading: Reading) -> tuple[str, TimeReader]:
        rows = self._rows()
        next(rows)
        cells = next(rows, (0, []))[1]
        if len(cells) != self._width:
            raise RecordingError("the file has no row that its header fits")
        return find_time_reader(cells[self._at["time"]].strip(), reading.time_format, reading.zone)

    def _fix(self, line: int, cells: list[str]) -> Fix:
        if len(cells) != self._width:
            raise ValueError(f"{len(cells)} cells, where the header has {self._width}")
        asset = _NO_ID.sub("-", cells[self._at["asset"]].strip())
        if not asset:
            raise ValueError("no asset")
        return Fix(
            line=line,
            asset=self._prefix + asset,
            time=self._time(cells[self._at["time"]].strip()),
            lat=_number("lat", cells[self._at["lat"]]),
            lon=_number("lon", cells[self._at["lon"]]),
            heading=self._optional("heading", cells),
            speed=self._optional("speed", cells),
        )

    def _time(self, text: str) -> datetime:
        try:
            return self._read_time(text)
        except (ValueError, OverflowError):
            raise ValueError(f"time {text!r} is not in the form {self.time_form}") from None

    def _optional(self, name: str, cells: list[str]) -> float | None:
        text = cells[self._at[name]].strip() if name in self._at else ""
        return _number(name, text) if text else None


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} {text.strip()!r} is not a number")
    return number
