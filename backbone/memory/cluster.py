"""Topics, partitions, offsets and commits, in memory."""

import secrets
import threading
import time
from collections.abc import Callable, Iterable

from backbone.errors import KafkaUnavailable
from backbone.lookups import Place, TopicFacts, Watermarks
from backbone.partition_ref import PartitionRef
from backbone.partitioner import partition_of
from backbone.record import Ack, InRecord, OutRecord


class _Log:
    """One partition: its records from `low` on."""

    def __init__(self) -> None:
        self.low = 0
        self.records: list[InRecord] = []

    @property
    def high(self) -> int:
        return self.low + len(self.records)


class MemoryCluster:
    """Deterministic: nothing happens by itself. `now_ms` gives the timestamps of records. Threads may share it."""

    def __init__(self, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._now_ms = now_ms
        self._lock = threading.RLock()
        self._topics: dict[str, tuple[str, list[_Log]]] = {}
        self._commits: dict[tuple[str, PartitionRef], int] = {}
        self._watchers: list[Callable[[], None]] = []
        self._outage: str | None = None

    def create_topic(self, name: str, partitions: int = 1) -> str:
        """Returns the new topic's id."""
        with self._lock:
            if name in self._topics:
                raise ValueError(f"topic {name} is there already")
            topic_id = secrets.token_urlsafe(16)
            self._topics[name] = (topic_id, [_Log() for _ in range(partitions)])
            return topic_id

    def delete_topic(self, name: str) -> None:
        """The same name may be used again; it is another topic then."""
        with self._lock:
            del self._topics[name]

    def delete_records(self, place: Place, before: int) -> None:
        """Let retention take the records below an offset."""
        with self._lock:
            log = self._log(place)
            del log.records[: before - log.low]
            log.low = before

    def down(self, reason: str = "no broker answers") -> None:
        """From now on everything is refused, until `up`."""
        self._outage = reason

    def up(self) -> None:
        self._outage = None

    def check(self) -> None:
        """Raises KafkaUnavailable while the cluster is down."""
        if self._outage is not None:
            raise KafkaUnavailable(self._outage)

    def append(self, record: OutRecord) -> Ack:
        """The next offset of the key's partition. Raises KafkaUnavailable if the topic is not there."""
        self.check()
        with self._lock:
            logs = self._find(record.topic)[1]
            partition = record.partition if record.partition is not None else self._partition(record.key, len(logs))
            log = self._log((record.topic, partition))
            ack = Ack(record.topic, partition, log.high)
            log.records.append(_received(record, ack, self._now_ms()))
        for watcher in list(self._watchers):
            watcher()
        return ack

    def topics(self, names: Iterable[str]) -> dict[str, TopicFacts]:
        self.check()
        with self._lock:
            found = {name: self._find(name) for name in names}
            return {name: TopicFacts(topic_id, len(logs)) for name, (topic_id, logs) in found.items()}

    def watermarks(self, places: Iterable[Place]) -> dict[Place, Watermarks]:
        self.check()
        with self._lock:
            return {place: Watermarks(self._log(place).low, self._log(place).high) for place in places}

    def read(self, place: Place, offset: int, limit: int) -> list[InRecord]:
        """At most `limit` records from `offset` on, which must not be below the first there is."""
        self.check()
        with self._lock:
            log = self._log(place)
            if not log.low <= offset <= log.high:
                raise ValueError(f"offset {offset} of {place} is out of range")
            return log.records[offset - log.low : offset - log.low + limit]

    def offset_for_time(self, place: Place, time_ms: int) -> int | None:
        self.check()
        with self._lock:
            return next((each.offset for each in self._log(place).records if each.timestamp_ms >= time_ms), None)

    def commit(self, group: str, partition: PartitionRef, offset: int) -> None:
        self.check()
        with self._lock:
            self._commits[group, partition] = offset

    def committed(self, group: str, partition: PartitionRef) -> int | None:
        self.check()
        with self._lock:
            return self._commits.get((group, partition))

    def records(self, topic: str) -> list[InRecord]:
        """All that is in a topic, for assertions: partition by partition, in order."""
        with self._lock:
            return [record for log in self._find(topic)[1] for record in log.records]

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` after each record, in the thread that wrote it. Returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _find(self, topic: str) -> tuple[str, list[_Log]]:
        if topic not in self._topics:
            raise KafkaUnavailable(f"topic {topic} does not exist")
        return self._topics[topic]

    def _log(self, place: Place) -> _Log:
        logs = self._find(place[0])[1]
        if not 0 <= place[1] < len(logs):
            raise KafkaUnavailable(f"partition {place[0]}/{place[1]} does not exist")
        return logs[place[1]]

    @staticmethod
    def _partition(key: bytes | None, partitions: int) -> int:
        return 0 if key is None else partition_of(key, partitions)


def _received(record: OutRecord, ack: Ack, timestamp_ms: int) -> InRecord:
    return InRecord(
        topic=ack.topic,
        partition=ack.partition,
        offset=ack.offset,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
        timestamp_ms=timestamp_ms,
    )
