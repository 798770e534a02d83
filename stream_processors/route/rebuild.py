"""Makes the statuses of a partition again, when Redis has lost them."""

from collections.abc import Iterator

import msgspec
import structlog

from backbone.codec import AvroCodec
from backbone.partition_ref import PartitionRef
from backbone.partitioner import partition_of
from domain.channels import ChannelKind
from domain.entity_status import EntityStatus, status_after, status_fault
from domain.errors import PermanentError
from domain.live_payloads import StatusPayload
from domain.live_rules import STATUS
from domain.live_update import LiveUpdate
from domain.status_change import StatusChange
from stream_processors.history import History, told
from stream_processors.latest_entries import LatestEntry, latest_entries
from stream_processors.owned_states import Rebuild, Rebuilt
from stream_processors.route.events import read_status_change

log = structlog.get_logger(__name__)


class StatusRebuild(Rebuild[EntityStatus]):
    """What was shown last, and then the status changes that were put out but may not have been recorded yet.

    Statuses are recorded at once and in order, so all that is older than the newest recorded of each live partition
    is known; what lies between that and the mark is read from the topic itself.
    """

    def __init__(self, history: History, codec: AvroCodec) -> None:
        self._history = history
        self._codec = codec
        self._latest: list[LatestEntry] | None = None

    def rebuilt(self, partition: PartitionRef, committed: int | None) -> Rebuilt[EntityStatus]:
        """The mark is the commit, or the end of what is known to have been put out, if that is further."""
        if self._latest is None:
            self._latest = list(latest_entries(self._history, self._codec, ChannelKind.FLEET, STATUS))
        count = self._history.partitions(partition.topic)
        statuses: dict[str, EntityStatus] = {}
        recorded_to: dict[tuple[str, int], int] = {}
        for entry in self._latest:
            update = entry.update
            name = f"{update.fleet}/{update.entity}"
            if partition_of(name.encode(), count) == partition.partition:
                before = statuses.get(name)
                if before is None or before.version <= update.version:
                    statuses[name] = _status_of(update)
            if update.source is not None and update.source.stream == (partition.topic_id, partition.partition):
                next_offset = update.source.offset + 1
                recorded_to[entry.live_place] = max(recorded_to.get(entry.live_place, 0), next_offset)
        mark = max(committed or 0, *recorded_to.values(), 0)
        for change in self._changes(partition, min(recorded_to.values(), default=0), mark):
            name = change.key
            if status_fault(statuses.get(name), change) is None:
                statuses[name] = status_after(change)
        return Rebuilt(mark, statuses)

    def forget(self) -> None:
        """Let go of what was shown last."""
        self._latest = None

    def _changes(self, partition: PartitionRef, start: int, end: int) -> Iterator[StatusChange]:
        records = self._history.between(partition.topic, partition.partition, start, end)
        for record in told(records, "replaying status changes"):
            try:
                yield read_status_change(self._codec, record)
            except PermanentError as error:
                log.debug("passed over a dead letter", partition=record.partition, offset=record.offset, why=str(error))


def _status_of(update: LiveUpdate) -> EntityStatus:
    payload = msgspec.json.decode(update.payload, type=StatusPayload)
    return EntityStatus(payload.id, payload.status, payload.version, update.event_time)
