"""Recordings are read as they are: their own columns, delimiters and times, and their faults."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from devstack.replay.columns import Columns, ColumnsError, find_columns
from devstack.replay.recording import Fix, Reading, Recording, RecordingError, Unreadable
from devstack.replay.times import TimeFormatError, find_time_reader

DATA = Path(__file__).parents[1] / "data"
GUESS = Reading(columns={}, delimiter=None, time_format=None, zone=UTC)


def fixes(name: str) -> list[Fix]:
    return [row for row in Recording(DATA / name, GUESS).rows() if isinstance(row, Fix)]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("buses.csv", Columns("vehicle_id", "timestamp", "latitude", "longitude", heading="bearing")),
        ("ships.csv", Columns("ID", "ais_pos_timestamp", "latitude", "longitude")),
        ("persons.csv", Columns("tracker", "t", "Y", "X")),
    ],
)
def test_columns_of_known_recordings_need_not_be_named(name: str, columns: Columns) -> None:
    assert Recording(DATA / name, GUESS).columns == columns


def test_told_column_wins_over_the_usual_name() -> None:
    assert find_columns(["id", "name", "t", "x", "y"], {"asset": "name"}).asset == "name"


def test_missing_columns_are_named_all_at_once_with_what_there_is() -> None:
    with pytest.raises(ColumnsError) as caught:
        find_columns(["who", "t"], {"lat": "breadth"})
    assert str(caught.value) == (
        "no column 'breadth' for lat; no column for asset: name it with --asset; no column for lon: name it with --lon "
        "(the file has who, t)"
    )


def test_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert fixes("ships.csv")[0].asset == "1"


def test_day_comes_first_in_times_with_slashes() -> None:
    assert fixes("ships.csv")[0].time == datetime(2021, 3, 20, 0, 22, tzinfo=UTC)


def test_zone_of_a_time_is_kept_and_one_without_is_in_the_told_zone() -> None:
    assert fixes("persons.csv")[2].time == datetime(2008, 12, 11, 4, 43, 26, tzinfo=UTC)
    _, read = find_time_reader("2026-06-01 12:00:00", None, ZoneInfo("Europe/Amsterdam"))
    assert read("2026-06-01 12:00:00") == datetime(2026, 6, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("text", ["1700000000", "1700000000000"])
def test_unix_times_are_read_in_seconds_and_milliseconds(text: str) -> None:
    form, read = find_time_reader(text, None, UTC)
    assert form == "Unix time"
    assert read(text) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_unknown_form_of_time_is_an_error_that_shows_it() -> None:
    with pytest.raises(TimeFormatError, match="'yesterday' is in no known form"):
        find_time_reader("yesterday", None, UTC)


def test_empty_heading_is_no_heading() -> None:
    assert [fix.heading for fix in fixes("buses.csv")[:2]] == [None, 53.0]


def test_asset_becomes_a_legal_id_with_the_prefix() -> None:
    reading = Reading(columns={}, delimiter=None, time_format=None, zone=UTC, prefix="walker-")
    rows = list(Recording(DATA / "persons.csv", reading).rows())
    assert [row.asset for row in rows if isinstance(row, Fix)] == ["walker-19", "walker-19", "walker-82-b"]


def test_unreadable_rows_are_told_with_line_and_reason_and_the_rest_is_read() -> None:
    rows = list(Recording(DATA / "buses.csv", GUESS).rows())
    assert [row for row in rows if isinstance(row, Unreadable)] == [
        Unreadable(7, "time 'not a time' is not in the form ISO 8601"),
        Unreadable(8, "lat '' is not a number"),
        Unreadable(9, "5 cells, where the header has 8"),
    ]
    assert [row.line for row in rows if isinstance(row, Fix)] == [2, 3, 4, 5, 6, 10]


def test_file_that_is_no_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordingError, match=r"x\.csv cannot be read"):
        Recording(tmp_path / "x.csv", GUESS)


@pytest.mark.parametrize("text", ["", "asset,time,lat,lon\n"])
def test_file_without_rows_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises((RecordingError, ColumnsError)):
        Recording(tmp_path / "x.csv", GUESS)
