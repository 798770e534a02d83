"""How far from now an event may have happened."""

from collections.abc import Callable
from typing import Any

from domain.instants import DAY, SECOND, Micros, format_rfc3339
from ingest.problems import TIME_IN_FUTURE, TIME_TOO_OLD
from ingest.settings import IngestSettings
from runtime.http.faults import fault

Clock = Callable[[], Micros]
"""Gives the wall clock's instant."""


class EventTimes:
    """The bounds of event times, relative to when a request was received."""

    def __init__(self, settings: IngestSettings) -> None:
        self._ahead = settings.future_seconds * SECOND
        self._ago = settings.past_days * DAY

    def check(self, fields: dict[str, Any], received_at: Micros) -> None:
        """Raises Faults if the field `time` is too far ahead or too long ago."""
        time: Micros = fields["time"]
        if time > received_at + self._ahead:
            latest = format_rfc3339(received_at + self._ahead)
            raise fault(TIME_IN_FUTURE, f"the time is in the future: at most {latest} is taken now", "/time")
        if time < received_at - self._ago:
            earliest = format_rfc3339(received_at - self._ago)
            raise fault(TIME_TOO_OLD, f"the time is too old: at least {earliest} is taken now", "/time")
