"""What a Kafka client reports while something is away: each kind of error at once, then seldom, with a count.

While a broker is down the library reports the same few errors for every connection attempt, hundreds in a minute.
"""

import threading
import time
from collections.abc import Callable

import structlog
from confluent_kafka import KafkaError

log = structlog.get_logger(__name__)

TELL_EVERY = 10.0
"""Seconds between two lines of the same kind of error."""


class ClientErrors:
    """The errors of one client. Called from the library's threads as well as from ours."""

    def __init__(self, client: str, clock: Callable[[], float] = time.monotonic, **context: object) -> None:
        self._log = log.bind(client=client, **context)
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[int, tuple[float, int]] = {}  # code -> when it was told, and how often it was not since

    def tell(self, error: KafkaError) -> None:
        """Log it, or count it until the next line of its kind."""
        now = self._clock()
        with self._lock:
            told_at, untold = self._told.get(error.code(), (-TELL_EVERY, 0))
            due = now - told_at >= TELL_EVERY
            self._told[error.code()] = (now, 0) if due else (told_at, untold + 1)
        if due or error.fatal():
            self._log.warning(
                "kafka client error", code=error.name(), detail=error.str(), fatal=error.fatal(), more_like_it=untold
            )
