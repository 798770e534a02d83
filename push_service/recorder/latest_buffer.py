"""What has to go to `fleet.latest.v1`, and when: positions at most every 10 seconds for an entity, the rest at once.

Seconds are counted in stream time, that is by the records' own timestamps, so that a recorder which catches up on an
hour writes no more than one that ran all along. This gives the promise that rebuilding relies on: of everything older
than the newest record in `fleet.latest.v1` by `FLUSH_EVERY_MS`, the topic holds the latest.
"""

from backbone.headers import LATEST_OF_OFFSET, LATEST_OF_PARTITION, LATEST_OF_TIME, LATEST_OF_TOPIC_ID
from backbone.record import InRecord, OutRecord
from backbone.topics import LATEST
from domain.live_update import LiveUpdate

FLUSH_EVERY_MS = 10_000
POSITION_KIND = "position"


def latest_key(channel: str, kind: str, entity: str) -> bytes:
    """The key of an entry of `fleet.latest.v1`: channel/kind/entity."""
    return f"{channel}/{kind}/{entity}".encode()


class _Waiting:
    """Entries that are written together: one record for each (channel, kind, entity)."""

    def __init__(self) -> None:
        self._newest: dict[bytes, tuple[int, InRecord]] = {}
        self.from_offset: int | None = None
        self.since_ms = 0

    def add(self, record: InRecord, update: LiveUpdate) -> None:
        if self.from_offset is None:
            self.from_offset, self.since_ms = record.offset, record.timestamp_ms
        for channel in update.channels:
            key = latest_key(channel, update.kind, update.entity)
            waiting = self._newest.get(key)
            if waiting is None or waiting[0] <= update.version:
                self._newest[key] = (update.version, record)

    def entries(self) -> list[tuple[bytes, InRecord]]:
        return [(key, record) for key, (_, record) in self._newest.items()]


class LatestBuffer:
    """The entries of one live partition that wait to be written."""

    def __init__(self, topic_id: str) -> None:
        self._topic_id = topic_id
        self._positions = _Waiting()
        self._urgent = _Waiting()
        self._now_ms = 0
        self._positions_due = False

    def offer(self, record: InRecord, update: LiveUpdate) -> None:
        """Takes a live record in the order of its partition. An older version never replaces a newer one."""
        self._now_ms = max(self._now_ms, record.timestamp_ms)
        waiting = self._positions if update.kind == POSITION_KIND else self._urgent
        waiting.add(record, update)

    @property
    def waits_from(self) -> int | None:
        """The lowest offset that is not written yet; None when all are."""
        waiting = (self._positions.from_offset, self._urgent.from_offset)
        return min((offset for offset in waiting if offset is not None), default=None)

    def due(self, *, whole: bool = False) -> list[OutRecord]:
        """What is due by stream time, or the whole. It waits on until `written` says that Kafka has it."""
        self._positions_due = whole or self._now_ms - self._positions.since_ms >= FLUSH_EVERY_MS
        due = self._urgent.entries() + (self._positions.entries() if self._positions_due else [])
        return [self._entry(key, record) for key, record in due]

    def written(self) -> None:
        """What `due` has named is acknowledged."""
        self._urgent = _Waiting()
        if self._positions_due:
            self._positions = _Waiting()

    def _entry(self, key: bytes, record: InRecord) -> OutRecord:
        """The live record's bytes, unchanged, and where they stand in the live topic."""
        place = [
            (LATEST_OF_TOPIC_ID, self._topic_id.encode()),
            (LATEST_OF_PARTITION, str(record.partition).encode()),
            (LATEST_OF_OFFSET, str(record.offset).encode()),
            (LATEST_OF_TIME, str(record.timestamp_ms).encode()),
        ]
        return OutRecord(topic=LATEST.name, key=key, value=record.value, headers=[*record.headers, *place])
