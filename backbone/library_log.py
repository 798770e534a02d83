"""What librdkafka logs of itself: each kind of line at once, then seldom, with a count.

While a broker is down it logs every connection attempt of every client, twenty lines in a second.
"""

import logging
import threading
import time
from collections.abc import Callable

TELL_EVERY = 10.0
"""Seconds between two lines of the same kind of one client."""
KNOWN = ("enable.gapless.guarantee is experimental",)
"""Warnings of what we have chosen on purpose."""

_log = logging.getLogger("librdkafka")


class LibraryLog:
    """The `logger` of one client: it has the one method that the library calls, from whichever of its threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[str, tuple[float, int]] = {}  # facility -> when it was told, and how often it was not since

    def log(self, level: int, _form: str, facility: str, client: str, text: str) -> None:
        """`facility` is the kind of line, such as FAIL."""
        if any(each in text for each in KNOWN):
            return
        now = self._clock()
        with self._lock:
            told_at, untold = self._told.get(facility, (-TELL_EVERY, 0))
            due = now - told_at >= TELL_EVERY
            self._told[facility] = (now, 0) if due else (told_at, untold + 1)
        if due:
            more = f" ({untold} more like it)" if untold else ""
            _log.log(level, "%s [%s] %s%s", facility, client, text, more)
