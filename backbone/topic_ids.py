"""Topics that were deleted and made again under the same name, noticed while they are read.

The library does not notice: it goes on reading the new topic at the old one's offset and, where that exists already,
skips what lies before it without a word (librdkafka 2.16, `rd_kafka_topic_metadata_update`).
"""

import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from backbone.lookups import Lookups, facts_of


class TopicIdWatch:
    """Asks for topic ids every `every` seconds, and never waits for an answer. For one thread."""

    def __init__(self, lookups: Lookups, every: float) -> None:
        self._lookups = lookups
        self._every = every
        self._due = time.monotonic() + every
        self._asked: Mapping[str, Future[Any]] = {}

    def changed(self, known: Mapping[str, str]) -> set[str]:
        """The topics of `known` (name to id) that were found to have another id. Mostly empty; call it often."""
        if not self._asked:
            if known and time.monotonic() >= self._due:
                self._asked = self._lookups.ask_topics(known)
            return set()
        if not all(future.done() for future in self._asked.values()):
            return set()
        asked, self._asked = self._asked, {}
        self._due = time.monotonic() + self._every
        # No answer, or no such topic, is nothing new: the readers themselves hear of that.
        found = {name: facts_of(future.result()).topic_id for name, future in asked.items() if not future.exception()}
        return {name for name, topic_id in found.items() if name in known and known[name] != topic_id}
