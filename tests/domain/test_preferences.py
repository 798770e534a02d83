"""Preferences: what is off, and when quiet hours end, also on the days when clocks change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instants import DAY, MINUTE, parse_rfc3339
from domain.preferences import (
    DEFAULT,
    MAX_TYPES,
    Channels,
    Preferences,
    PreferencesError,
    QuietHours,
    read_preferences,
    write_preferences,
)

NIGHT = QuietHours("22:00", "07:00", "Europe/Berlin")


def test_who_chose_nothing_is_told_everything() -> None:
    assert read_preferences(b"") == read_preferences(b"{}") == DEFAULT
    assert DEFAULT.channels("like") == Channels(live=True, push=True)
    assert DEFAULT.quiet_until(0) is None


def test_a_type_is_off_when_it_or_everything_is_off() -> None:
    chosen = Preferences(all=Channels(live=False), types={"like": Channels(push=False)})
    assert chosen.channels("like") == Channels(live=False, push=False)
    assert chosen.channels("alert") == Channels(live=False, push=True)


def test_a_document_comes_back_as_it_was_written() -> None:
    chosen = Preferences(Channels(push=False), {"like": Channels(live=False)}, NIGHT)
    assert read_preferences(write_preferences(chosen)) == chosen


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-10T20:59:59Z", None),
        ("2026-01-10T21:00:00Z", "2026-01-11T06:00:00Z"),
        ("2026-01-11T05:59:59.999999Z", "2026-01-11T06:00:00Z"),
        ("2026-01-11T06:00:00Z", None),
        # Clocks go forward in this night, and back in that one: 07:00 is another instant.
        ("2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"),
        ("2026-10-24T22:00:00Z", "2026-10-25T06:00:00Z"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(now: str, until: str | None) -> None:
    assert NIGHT.ends_at(parse_rfc3339(now)) == (None if until is None else parse_rfc3339(until))


def test_quiet_hours_within_a_day() -> None:
    siesta = QuietHours("13:00", "15:00", "Europe/Madrid")
    assert siesta.ends_at(parse_rfc3339("2026-07-01T11:30:00Z")) == parse_rfc3339("2026-07-01T13:00:00Z")
    assert siesta.ends_at(parse_rfc3339("2026-07-01T13:00:00Z")) is None


def test_an_end_that_the_clock_skips_is_as_much_later() -> None:
    """In Berlin, 02:00 to 03:00 is skipped on 29 March 2026."""
    quiet = QuietHours("22:00", "02:30", "Europe/Berlin")
    assert quiet.ends_at(parse_rfc3339("2026-03-29T00:30:00Z")) == parse_rfc3339("2026-03-29T01:30:00Z")


def test_an_end_that_comes_twice_ends_them_each_time() -> None:
    """In Berlin, 02:00 to 03:00 comes twice on 25 October 2026: from 00:00Z, and again from 01:00Z."""
    quiet = QuietHours("22:00", "02:30", "Europe/Berlin")
    assert quiet.ends_at(parse_rfc3339("2026-10-25T00:10:00Z")) == parse_rfc3339("2026-10-25T00:30:00Z")
    assert quiet.ends_at(parse_rfc3339("2026-10-25T01:10:00Z")) == parse_rfc3339("2026-10-25T01:30:00Z")


@given(
    now=st.integers(0, parse_rfc3339("2100-01-01T00:00:00Z")),
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_quiet_hours_end_after_now_and_within_a_day_or_so(now: int, start: int, end: int, zone: str) -> None:
    until = QuietHours(f"{start // 60:02}:{start % 60:02}", f"{end // 60:02}:{end % 60:02}", zone).ends_at(now)
    assert until is None or now < until <= now + 2 * DAY + 60 * MINUTE


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (b"[", ""),
        (b"\xff", ""),
        (b"[" * 100_000, ""),
        (b"[]", ""),
        (b'{"mute":true}', ""),
        (b'{"all":{"push":1}}', "/all/push"),
        (b'{"types":{"like":{"push":null}}}', "/types/push"),
        (b'{"quiet_hours":{"start":"22:00"}}', "/quiet_hours"),
        (b'{"quiet_hours":{"start":"24:00","end":"07:00"}}', "/quiet_hours/start"),
        (b'{"quiet_hours":{"start":"22:00","end":"7:00"}}', "/quiet_hours/end"),
        (b'{"quiet_hours":{"start":"22:00","end":"22:00"}}', "/quiet_hours/end"),
        (b'{"quiet_hours":{"start":"22:00","end":"07:00","zone":"Mars/Olympus"}}', "/quiet_hours/zone"),
        (b'{"quiet_hours":{"start":"22:00","end":"07:00","zone":"../../etc/passwd"}}', "/quiet_hours/zone"),
        (b'{"quiet_hours":{"start":"22:00","end":"07:00","zone":"Europe"}}', "/quiet_hours/zone"),
    ],
)
def test_what_is_wrong_is_named(document: bytes, path: str) -> None:
    with pytest.raises(PreferencesError) as caught:
        read_preferences(document)
    assert caught.value.path == path


def test_a_document_names_only_so_many_types() -> None:
    with pytest.raises(PreferencesError, match="/types"):
        read_preferences(write_preferences(Preferences(types={f"t{n}": Channels() for n in range(MAX_TYPES + 1)})))
