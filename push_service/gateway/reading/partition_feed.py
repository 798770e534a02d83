"""A partition that local subscribers need, followed from a little in the past: its log, and who waits for its end."""

import asyncio
import heapq
from collections import deque
from collections.abc import Sequence

import structlog

from backbone.partition_ref import PartitionRef
from backbone.record import InRecord
from domain.errors import PermanentError
from domain.live_update import PASSING_KINDS, LiveUpdate
from push_service.gateway.delivery.hub import Hub
from push_service.gateway.delivery.publication import Publication
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.reading.live_decoder import LiveDecoder
from push_service.gateway.reading.partition_log import PartitionLog

log = structlog.get_logger(__name__)


class PartitionFeed:
    """One partition's log, as it grows. All methods are called on the event loop."""

    def __init__(
        self, ref: PartitionRef, records: PartitionLog, decoder: LiveDecoder, hub: Hub, metrics: GatewayMetrics
    ) -> None:
        self.ref = ref
        self.epoch = f"{ref.topic_id}.{ref.partition}"
        """The protocol's epoch: positions of another epoch mean nothing here."""
        self.log = records
        self.caught_up = False
        """Whether the log has reached the watermark that was read when the partition was opened."""
        self._decoder = decoder
        self._hub = hub
        self._metrics = metrics
        self._inbox: deque[InRecord] = deque()
        self._learning: asyncio.Task[None] | None = None
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._tickets = 0

    @property
    def backlog(self) -> int:
        """Records that wait for a schema to be learned; the owner stops the reader when there are too many."""
        return len(self._inbox)

    def receive(self, records: Sequence[InRecord]) -> None:
        """The next records of the partition, in order: kept, published, and waiters are told."""
        self._inbox.extend(records)
        if self._learning is None:
            self._take_known()

    def advance(self, offset: int) -> None:
        """Every record below a Kafka offset has been received, be it that the last ones are none of ours."""
        if not self._inbox:
            self.log.advance(offset)
            self._tell()

    def close(self) -> None:
        """The partition is no longer followed. Who still waits is left to its time limit."""
        if self._learning is not None:
            self._learning.cancel()
        self._metrics.log_bytes.dec(self.log.bytes)

    async def reach(self, offset: int) -> None:
        """Returns when every record below a Kafka offset has been read. The caller sets the time limit."""
        if self.log.end >= offset:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tickets += 1
        entry = (offset, self._tickets, waiter)
        heapq.heappush(self._waiting, entry)
        try:
            await waiter
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
                heapq.heapify(self._waiting)
            raise

    def _take_known(self) -> None:
        held = self.log.bytes
        while self._inbox:
            record = self._inbox[0]
            if record.value is not None and not self._decoder.knows(record.value):
                self._learning = asyncio.ensure_future(self._learn(record, record.value))
                break
            self._inbox.popleft()
            try:
                self._take(record, None if record.value is None else self._decoder.decode(record.value))
            except PermanentError as error:
                self._skip(record, error)
        self._metrics.log_bytes.inc(self.log.bytes - held)
        self._tell()

    async def _learn(self, record: InRecord, value: bytes) -> None:
        try:
            update = await self._decoder.learn(value)
        except PermanentError as error:
            self._skip(record, error)
        else:
            self._take(record, update)
        self._inbox.popleft()
        self._learning = None
        self._take_known()

    def _take(self, record: InRecord, update: LiveUpdate | None) -> None:
        if update is not None and record.offset >= self.log.end and update.kind in PASSING_KINDS:
            self._hub.announce(update)
        elif update is not None and record.offset >= self.log.end:
            publication = Publication(record.offset, update, record.timestamp_ms * 1_000)
            if self.log.append(publication):
                self._hub.publish(publication)
            else:
                self._metrics.repeats.inc()
        self.log.advance(record.offset + 1)

    def _skip(self, record: InRecord, error: PermanentError) -> None:
        """The recorder, which reads the same record, puts it into the dead letters."""
        self._metrics.undecodable.inc()
        log.warning(
            "undecodable live record",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=error.reason,
        )
        self.log.advance(record.offset + 1)

    def _tell(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.log.end:
            _, _, waiter = heapq.heappop(self._waiting)
            if not waiter.done():
                waiter.set_result(None)
