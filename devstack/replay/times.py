"""Times as recordings have them."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

TimeReader = Callable[[str], datetime]
_DAY_FIRST = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")
_FIRST_MILLISECONDS = 2**31
"""A smaller number is in seconds; they reach this in 2038."""


class TimeFormatError(Exception):
    """The form of a time cannot be told from its text."""


def find_time_reader(sample: str, time_format: str | None, zone: tzinfo) -> tuple[str, TimeReader]:
    """How to read times that look like `sample`, and the name of that form.

    `time_format` is one of `strptime`; `zone` is that of times which name none. A reader raises ValueError.
    Where day and month could be either, the day comes first: only `time_format` says otherwise.
    """
    if time_format is not None:
        return time_format, _strptime(time_format, zone)
    readers = [
        ("ISO 8601", _iso_8601(zone)),
        ("Unix time", _read_unix),
        *((form, _strptime(form, zone)) for form in _DAY_FIRST),
    ]
    for name, reader in readers:
        try:
            reader(sample)
        except (ValueError, OverflowError):
            continue
        return name, reader
    raise TimeFormatError(f"a time like {sample!r} is in no known form: give it with --time-format")


def _iso_8601(zone: tzinfo) -> TimeReader:
    return lambda text: _in_zone(datetime.fromisoformat(text), zone)


def _strptime(form: str, zone: tzinfo) -> TimeReader:
    return lambda text: _in_zone(datetime.strptime(text, form), zone)  # noqa: DTZ007 - the zone is added


def _in_zone(time: datetime, zone: tzinfo) -> datetime:
    return time.replace(tzinfo=zone) if time.tzinfo is None else time


def _read_unix(text: str) -> datetime:
    number = float(text)
    return datetime.fromtimestamp(number if number < _FIRST_MILLISECONDS else number / 1000, UTC)
