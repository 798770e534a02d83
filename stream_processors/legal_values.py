"""Refuses what ingest would never have written: other producers may write to the topics too."""

import math
from collections.abc import Iterable

from domain.errors import PermanentError
from domain.instants import DAY, Micros

LAST_INSTANT: Micros = 366 * 8_000 * DAY
"""Far in the future, and still a date that RFC 3339 can write."""


class MalformedRecord(PermanentError):
    """The record can be decoded, but one of its fields holds what it cannot be."""

    def __init__(self, field: str) -> None:
        super().__init__("malformed_record", f"{field} is not what it may be")


def refuse_unless(fields: Iterable[tuple[str, bool]]) -> None:
    """(field, whether its value is legal). Raises MalformedRecord for the first that is not."""
    for field, legal in fields:
        if not legal:
            raise MalformedRecord(field)


def is_instant(instant: Micros) -> bool:
    """Whether an instant can be written as a date."""
    return 0 <= instant < LAST_INSTANT


def is_finite(value: float | None) -> bool:
    """Whether a number is one, or unknown."""
    return value is None or math.isfinite(value)
