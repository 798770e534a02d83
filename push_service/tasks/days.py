"""Days before and after an instant, UTC."""

import datetime

from domain.instants import DAY, SECOND, Micros


def day_of(instant: Micros) -> datetime.date:
    """The day of an instant."""
    return datetime.datetime.fromtimestamp(instant / SECOND, datetime.UTC).date()


def days_before(instant: Micros, days: int) -> Micros:
    """The instant so many days before."""
    return instant - days * DAY
