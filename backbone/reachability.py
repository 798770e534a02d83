"""Whether records can be published now, asked of the brokers themselves."""

import threading
import time
from collections.abc import Sequence
from typing import Protocol

from confluent_kafka import KafkaException
from confluent_kafka.admin._metadata import ClusterMetadata

from backbone.errors import kafka_error
from runtime.health import Condition

PROBE_EVERY = 2.0  # seconds
PROBE_TIMEOUT = 2.0
FAILURE_COUNTS_FOR = 10.0  # seconds that a delivery which timed out is held against Kafka, unless one succeeds


class KnowsMetadata(Protocol):
    """A producer, as far as this needs one."""

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> ClusterMetadata: ...


class Reachability:
    """Keeps a condition truthful: up when the topics have leaders that answer, and deliveries do not time out.

    Connections alone say little: a frozen broker keeps them. So the brokers are asked for the topics' leaders every
    two seconds, and a delivery that timed out counts until one succeeds, or for ten seconds.
    """

    def __init__(self, topics: Sequence[str], condition: Condition) -> None:
        self._topics = tuple(topics)
        self._condition = condition
        self._failed_at: float | None = None

    def delivered(self) -> None:
        """A record was acknowledged."""
        self._failed_at = None

    def timed_out(self) -> None:
        """A record was given up."""
        self._failed_at = time.monotonic()

    def down(self, reason: str) -> None:
        """Known at once to be away; the next probe may find it back."""
        self._condition.down(reason)

    def probe(self, producer: KnowsMetadata | None) -> None:
        """Ask, for at most `PROBE_TIMEOUT` seconds for each topic, and report."""
        problem = "the producer is being replaced" if producer is None else self._problem(producer)
        if problem is None:
            self._condition.up()
        else:
            self._condition.down(problem)

    def watch(self, producer: "CurrentProducer", stop: threading.Event) -> None:
        """Probe until told to stop; the body of a thread."""
        while not stop.is_set():
            self.probe(producer())
            stop.wait(PROBE_EVERY)

    def _problem(self, producer: KnowsMetadata) -> str | None:
        failed_at = self._failed_at
        for topic in self._topics:
            try:
                found = producer.list_topics(topic, timeout=PROBE_TIMEOUT).topics[topic]
            except KafkaException as error:
                return f"no broker answers ({kafka_error(error).name()})"
            if found.error is not None:
                return f"topic {topic}: {found.error.name()}"
            leaderless = sorted(number for number, each in found.partitions.items() if each.leader < 0)
            if leaderless:
                return f"topic {topic}: partitions without a leader: {leaderless}"
        if failed_at is not None and time.monotonic() - failed_at < FAILURE_COUNTS_FOR:
            return "deliveries time out"
        return None


class CurrentProducer(Protocol):
    """Gives the producer that is in use now; None while there is none."""

    def __call__(self) -> KnowsMetadata | None: ...
