"""Lengths of time as people type them."""

import pytest

from access.durations import DurationError, parse_duration
from domain.instants import DAY, HOUR, MINUTE, SECOND


@pytest.mark.parametrize(
    ("text", "length"),
    [("45s", 45 * SECOND), ("30m", 30 * MINUTE), ("1h", HOUR), ("90d", 90 * DAY), ("36500d", 36_500 * DAY)],
)
def test_lengths_are_read(text: str, length: int) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "1", "h", "0d", "-1h", "1.5h", "1w", "1 h", "36501d", "9999999s", "\uff11h"])
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(DurationError):
        parse_duration(text)
