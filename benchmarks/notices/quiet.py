"""Quiet hours that end with a minute, again and again."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime

from benchmarks.notices.people import Person

MINUTE = 60
LEAST = 10
"""Seconds that they last at least."""
HOURS = 2 * 3_600
"""They began so many seconds before their end."""


class QuietHours:
    """Of one person, until told to stop.

    `again`: seconds from their end until there are new ones. A negative one is before: what was put off until the old
    end is then put off once more.
    """

    def __init__(self, person: Person, again: float) -> None:
        self._person = person
        self._again = again

    async def run(self, stopping: asyncio.Event) -> None:
        """What was put off until then comes when it is due, for then there are none any more."""
        end = 0.0
        while not stopping.is_set():
            end = _full_minute(max(end, time.time()) + LEAST)
            hours = {"start": _clock(end - HOURS), "end": _clock(end), "zone": "UTC"}
            await self._person.ask("PUT", "/v1/preferences", {"quiet_hours": hours})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), end + self._again - time.time())
        await self._person.ask("PUT", "/v1/preferences", {})


def _full_minute(not_before: float) -> float:
    return -(-not_before // MINUTE) * MINUTE


def _clock(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%H:%M")
