"""Questions about topics and offsets, on a client of its own so that no fetch delays the answers."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from backbone.errors import kafka_error, unavailable
from backbone.kafka_settings import KafkaSettings

TIMEOUT_SECONDS = 5.0

Place = tuple[str, int]
"""A topic's name and a partition."""


_SPEC: Any = OffsetSpec  # its class methods have no types

_OLD_LEADER = frozenset(
    {
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.NOT_LEADER_FOR_PARTITION,
    }
)
"""What we know of a partition's leader is not so any more: a broker was started anew, or others lead."""


class TopicFacts(NamedTuple):
    """What the cluster says of a topic. `topic_id` changes when it is deleted and made again."""

    topic_id: str
    partitions: int


class Watermarks(NamedTuple):
    """The first offset a partition has, and the one that its next record gets."""

    low: int
    high: int


class Lookups:
    """Each method waits for the cluster's answer, at most `timeout` seconds, and raises KafkaUnavailable.

    May be used from several threads.
    """

    def __init__(self, settings: KafkaSettings, timeout: float = TIMEOUT_SECONDS) -> None:
        self._settings = settings
        self._admin = AdminClient(settings.admin_config())
        self._timeout = timeout

    def topics(self, names: Iterable[str]) -> dict[str, TopicFacts]:
        """The facts of each topic. A topic that does not exist is an outage, for somebody has yet to make it."""
        return {name: self._facts(name, asked) for name, asked in self.ask_topics(names).items()}

    def ask_topics(self, names: Iterable[str]) -> Mapping[str, "Future[Any]"]:
        """The same without waiting: futures of the library's TopicDescription."""
        asked: Mapping[str, Future[Any]] = self._admin.describe_topics(
            TopicCollection(sorted(set(names))), request_timeout=self._timeout
        )
        return asked

    def watermarks(self, places: Iterable[Place]) -> dict[Place, Watermarks]:
        """The watermarks of each partition."""
        places = set(places)
        lows = self._ask_offsets(dict.fromkeys(places, _SPEC.earliest()))
        highs = self._ask_offsets(dict.fromkeys(places, _SPEC.latest()))
        return {
            place: Watermarks(self._offset(place, lows[place]), self._offset(place, highs[place])) for place in places
        }

    def offsets_for_times(self, times_ms: Mapping[Place, int]) -> dict[Place, int | None]:
        """The first offset whose record is at or after the time (ms since the epoch); None: there is none yet."""
        asked = self._ask_offsets({place: _SPEC.for_timestamp(time) for place, time in times_ms.items()})
        found = {place: self._offset(place, future) for place, future in asked.items()}
        return {place: offset if offset >= 0 else None for place, offset in found.items()}

    def _ask_offsets(self, specs: Mapping[Place, Any]) -> dict[Place, "Future[Any]"]:
        if not specs:
            return {}
        asked = self._admin.list_offsets(
            {TopicPartition(*place): spec for place, spec in specs.items()}, request_timeout=self._timeout
        )
        return {(each.topic, each.partition): future for each, future in asked.items()}

    def _offset(self, place: Place, future: "Future[Any]") -> int:
        try:
            return int(future.result(self._timeout * 2).offset)
        except (KafkaException, TimeoutError) as error:
            if kafka_error(error).code() in _OLD_LEADER:
                self._forget_leaders()
            raise unavailable(f"looking up offsets of {place[0]}/{place[1]}", kafka_error(error)) from error

    def _forget_leaders(self) -> None:
        """librdkafka's admin client (2.16) asks with the leader epoch that it has learned once, and learns it anew only
        when its metadata is refreshed, which is every five minutes. A new client knows none.
        """
        self._admin = AdminClient(self._settings.admin_config())

    def _facts(self, name: str, future: "Future[Any]") -> TopicFacts:
        try:
            return facts_of(future.result(self._timeout * 2))
        except (KafkaException, TimeoutError) as error:
            raise unavailable(f"looking up topic {name}", kafka_error(error)) from error


def facts_of(description: Any) -> TopicFacts:
    """The facts in the library's TopicDescription. The id is written as Kafka's own tools write it."""
    topic_id = str(description.topic_id).replace("+", "-").replace("/", "_")
    return TopicFacts(topic_id, len(description.partitions))
