"""Lengths of time as people type them: `90d`, `1h`, `30m`, `45s`."""

import re

from domain.instants import DAY, HOUR, MINUTE, SECOND, Micros

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_DURATION = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_LONGEST = 36_500 * DAY


class DurationError(ValueError):
    """The text is not a length of time."""


def parse_duration(text: str) -> Micros:
    """The length in microseconds, above 0 and up to a hundred years. Raises DurationError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise DurationError("a length of time is a number and one of s, m, h, d, such as 90d")
    length = int(match[1]) * _UNITS[match[2]]
    if not 0 < length <= _LONGEST:
        raise DurationError("a length of time is above zero and at most a hundred years")
    return length
