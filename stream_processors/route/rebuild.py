"""Makes the statuses of a partition again, when Redis has lost them: they are what was shown."""

import time
from collections.abc import Callable

from backbone.codec import AvroCodec
from backbone.partition_ref import PartitionRef
from backbone.partitioner import partition_of
from backbone.topic_scan import Scanning
from domain.entity_status import EntityStatus
from domain.live_payloads import StatusPayload
from domain.live_rules import STATUS
from stream_processors.owned_states import Rebuild, Rebuilt
from stream_processors.shown_updates import shown_updates

KEPT_SECONDS = 5.0
"""For the other partitions of one rebalance: their last owner has let go of them before the first one was read."""


class StatusRebuild(Rebuild[EntityStatus]):
    """The mark is the commit. The statuses may be ahead of it: a change above it that was shown is then recognised as
    a duplicate, one that was not is put out, and none of a lower version gets through.
    """

    def __init__(self, scan: Scanning, codec: AvroCodec, clock: Callable[[], float] = time.monotonic) -> None:
        self._scan = scan
        self._codec = codec
        self._clock = clock
        self._shown: dict[str, EntityStatus] = {}
        self._kept_until = 0.0

    def rebuilt(self, partition: PartitionRef, committed: int | None) -> Rebuilt[EntityStatus]:
        """See Rebuild."""
        if self._clock() >= self._kept_until:
            self._shown = self._read_shown()
            self._kept_until = self._clock() + KEPT_SECONDS
        count = self._scan.partitions(partition.topic)
        statuses = {
            name: status
            for name, status in self._shown.items()
            if partition_of(name.encode(), count) == partition.partition
        }
        return Rebuilt(committed or 0, statuses)

    def forget(self) -> None:
        """See Rebuild."""
        self._shown = {}
        self._kept_until = 0.0

    def _read_shown(self) -> dict[str, EntityStatus]:
        """`FLEET/ENTITY` -> its status with the highest version."""
        shown: dict[str, EntityStatus] = {}
        for update, payload in shown_updates(self._scan, self._codec, STATUS, StatusPayload):
            name = f"{update.fleet}/{update.entity}"
            before = shown.get(name)
            if before is None or before.version <= update.version:
                shown[name] = EntityStatus(payload.id, payload.status, payload.version, update.event_time)
        return shown
