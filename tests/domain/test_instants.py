"""RFC 3339 at the borders, microseconds inside."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instants import DAY, HOUR, MINUTE, SECOND, InstantError, format_rfc3339, parse_rfc3339

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# A day from either end of the calendar, so that no zone leads out of it.
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001  hypothesis adds zones


@given(MOMENTS)
def test_what_is_written_is_read_back_to_the_microsecond(moment: datetime) -> None:
    instant = (moment - EPOCH) // timedelta(microseconds=1)
    assert parse_rfc3339(format_rfc3339(instant)) == instant
    assert parse_rfc3339(moment.isoformat()) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1970-01-01t00:00:01z", SECOND),
        ("1970-01-01 00:00:01Z", SECOND),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:30:00-00:30", 0),
        ("1970-01-01T00:00:00.0000019Z", 1),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * SECOND),
        ("2024-02-29T00:00:00Z", 1_709_164_800 * SECOND),
    ],
)
def test_rfc_3339_is_read(text: str, instant: int) -> None:
    assert parse_rfc3339(text) == instant


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-01-26T15:57:02", "has no time zone"),
        ("2026-01-26T15:57:02.5", "has no time zone"),
        ("2026-02-30T00:00:00Z", "does not exist"),
        ("2026-13-01T00:00:00Z", "does not exist"),
        ("2026-01-26T24:00:00Z", "does not exist"),
        ("2026-01-26T15:57:61Z", "does not exist"),
        ("0000-01-01T00:00:00Z", "does not exist"),
        ("2026-01-26T15:57:02+25:00", "does not exist"),
        ("1769443022", "not an RFC 3339"),
        ("2026-01-26", "not an RFC 3339"),
        ("2026-01-26T15:57Z", "not an RFC 3339"),
        ("2026-01-26T15:57:02.Z", "not an RFC 3339"),
        ("2026-01-26T15:57:02+0100", "not an RFC 3339"),
        (" 2026-01-26T15:57:02Z", "not an RFC 3339"),
        ("2026-01-26T15:57:02Z\n", "not an RFC 3339"),
        ("٢٠٢٦-01-26T15:57:02Z", "not an RFC 3339"),
        ("", "not an RFC 3339"),
    ],
)
def test_what_is_wrong_is_told(text: str, why: str) -> None:
    with pytest.raises(InstantError, match=why):
        parse_rfc3339(text)


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    with contextlib.suppress(InstantError):
        assert isinstance(parse_rfc3339(text), int)


def test_instants_are_written_with_as_many_digits_as_needed() -> None:
    assert format_rfc3339(0) == "1970-01-01T00:00:00Z"
    assert format_rfc3339(1_769_443_022_500_000) == "2026-01-26T15:57:02.500000Z"
    assert format_rfc3339(-1) == "1969-12-31T23:59:59.999999Z"


def test_lengths_of_time_are_microseconds() -> None:
    assert timedelta(microseconds=DAY) == timedelta(days=1)
    assert (DAY, HOUR, MINUTE) == (24 * HOUR, 60 * MINUTE, 60 * SECOND)
