"""Instants are whole microseconds since the Unix epoch, UTC. RFC 3339 text exists only at the borders."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z (an instant), or a length of time in microseconds."""

SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
_ONE_MICRO = timedelta(microseconds=1)
# RFC 3339 section 5.6; the zone is looked for separately, so that its absence gets an answer of its own.
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}):(\d{2})(?:\.(\d{1,9})\d{0,9})?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)


class InstantError(ValueError):
    """The text is not an RFC 3339 instant. The message says why, without repeating the text."""


def parse_rfc3339(text: str) -> Micros:
    """Reads `2026-01-26T15:57:02.5Z`; a zone is required, digits below a microsecond are cut off.

    A leap second (`:60`) counts as the second after it, as POSIX time does. Raises InstantError.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InstantError("not an RFC 3339 date and time, such as 2026-01-26T15:57:02Z")
    date, minute, second, fraction, zone = match.groups()
    if zone is None:
        raise InstantError("has no time zone: end it with Z or an offset such as +01:00")
    leap = second == "60"
    try:
        whole = datetime.fromisoformat(
            f"{date}T{minute}:{'59' if leap else second}{'+00:00' if zone in 'Zz' else zone}"
        )
        micros = (whole - _EPOCH) // _ONE_MICRO
    except (ValueError, OverflowError) as error:
        raise InstantError("names a date or time that does not exist") from error
    return micros + (SECOND if leap else 0) + int((fraction or "0")[:6].ljust(6, "0"))


def format_rfc3339(instant: Micros) -> str:
    """Writes an instant as `2026-01-26T15:57:02.500000Z`, without the fraction when it is zero."""
    seconds, micros = divmod(instant, SECOND)
    return f"{_whole_second(seconds)}.{micros:06d}Z" if micros else _whole_second(seconds) + "Z"


@lru_cache(maxsize=4096)  # what is told now is mostly of the last seconds, and every record made has an instant or two
def _whole_second(seconds: int) -> str:
    # Without a zone: with one, isoformat takes twice as long.
    return (_NAIVE_EPOCH + timedelta(0, seconds)).isoformat()
