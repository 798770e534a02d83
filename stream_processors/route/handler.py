"""Positions and status changes in, live updates out, by the replay rule for statuses; and notification requests, of
status changes, fleet events and assignments.

A position has no state here, so the group's commit says where to begin; one that is routed again makes the same updates
with the same ids and sources, which are skipped by those who read them. Nor has an event or an assignment; what makes
a notification request again makes one of the same id.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from backbone.batch_handler import BatchHandler
from backbone.codec import AvroCodec
from backbone.headers import TRACEPARENT, channels_header, event_headers
from backbone.outputs import Letters, Output, publish_all
from backbone.partition_ref import PartitionRef
from backbone.publishing import BatchPublishing
from backbone.record import InRecord, OutRecord, header
from backbone.topics import EVENTS, LIVE, REFERENCE, STATUS_CHANGES
from domain.entity_status import EntityStatus, status_after, status_fault
from domain.errors import PermanentError
from domain.instants import SECOND, Micros
from domain.live_rules import updates_of_position, updates_of_status
from domain.live_update import LiveUpdate
from domain.quality_rules import held_back_by
from domain.source_position import SourcePosition
from runtime.fail_points import Reached, never
from stream_processors.owned_states import OwnedStates
from stream_processors.route.batch import MisplacedStatus, RouteBatch
from stream_processors.route.events import read_assignment, read_fleet_event, read_position, read_status_change
from stream_processors.route.metrics import RouteMetrics
from stream_processors.route.notices import SOURCE, Notices
from stream_processors.route.status_places import StatusPlaces

log = structlog.get_logger(__name__)


class RouteHandler(BatchHandler):
    """The order is: decode, read statuses, decide, publish, write statuses and marks. Only then anything is kept."""

    def __init__(
        self,
        *,
        codec: AvroCodec,
        publisher: BatchPublishing,
        letters: Letters,
        statuses: OwnedStates[EntityStatus],
        places: StatusPlaces,
        notices: Notices,
        metrics: RouteMetrics,
        clock: Callable[[], float] = time.time,
        reached: Reached = never,
    ) -> None:
        self._codec = codec
        self._publisher = publisher
        self._letters = letters
        self._statuses = statuses
        self._places = places
        self._notices = notices
        self._metrics = metrics
        self._clock = clock
        self._reached = reached
        self._partitions: dict[int, PartitionRef] = {}

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:
        """Of status changes begin at the mark of the statuses, of others at the commit."""
        if partition.topic != STATUS_CHANGES.name:
            return None
        self._places.seen(partition)
        mark = self._statuses.take(partition, committed)
        self._partitions[partition.partition] = partition
        return mark

    def tick(self) -> None:
        """Look after the state of partitions that are quiet."""
        self._statuses.heal()

    def released(self, partition: PartitionRef, *, lost: bool) -> None:  # noqa: ARG002
        """The statuses in the store are complete after every batch: there is nothing to write."""
        if partition.topic == STATUS_CHANGES.name:
            self._statuses.drop(partition)
            self._partitions.pop(partition.partition, None)

    def handle(self, records: Sequence[InRecord]) -> None:
        """See BatchHandler."""
        batch = RouteBatch()
        for record in records:
            self._read(record, batch)
        batch.statuses = self._known_statuses(batch)
        outputs = [*self._dead_letters(batch), *self._status_outputs(batch), *self._position_outputs(batch)]
        if requests := self._requests(batch):
            # Before the live updates: a status that was shown is known to a rebuild, and makes no request any more.
            publish_all(self._publisher, requests, self._letters)
            self._reached("route.requested")
        publish_all(self._publisher, outputs, self._letters)
        self._reached("route.published")
        self._statuses.advance(batch.advances())
        self._reached("route.done")
        self._count(batch)

    def _read(self, record: InRecord, batch: RouteBatch) -> None:
        try:
            if record.topic == STATUS_CHANGES.name:
                self._read_status_change(record, batch)
            elif record.topic == EVENTS.name:
                batch.events.append((record, read_fleet_event(self._codec, record)))
            elif record.topic == REFERENCE.name:
                if (assigned := read_assignment(self._codec, record)) is not None:
                    batch.assignments.append((record, assigned))
            else:
                batch.positions.append((record, read_position(self._codec, record)))
        except PermanentError as error:
            batch.faults.append((record, error))

    def _read_status_change(self, record: InRecord, batch: RouteBatch) -> None:
        partition = self._partitions[record.partition]
        if record.offset < self._statuses.mark(partition):
            return
        batch.marks[partition] = record.offset + 1
        change = read_status_change(self._codec, record)
        if self._places.of(change.key) != partition:
            # Whoever asks for the status of the entity would look elsewhere.
            raise MisplacedStatus(change.key)
        batch.changes.append((record, change))

    def _known_statuses(self, batch: RouteBatch) -> dict[str, EntityStatus]:
        wanted: dict[PartitionRef, list[str]] = {}
        for name in batch.names():
            wanted.setdefault(self._places.of(name), []).append(name)
        found = self._statuses.values(wanted)
        return {name: status for statuses in found.values() for name, status in statuses.items()}

    def _dead_letters(self, batch: RouteBatch) -> list[Output]:
        return [Output(self._letters.letter(record, error), record) for record, error in batch.faults]

    def _status_outputs(self, batch: RouteBatch) -> list[Output]:
        """They come first, so that a position of the same batch already shows the new status."""
        outputs: list[Output] = []
        for record, change in batch.changes:
            fault = status_fault(batch.statuses.get(change.key), change)
            batch.verdicts.append((record, change, fault))
            if fault is not None:
                continue
            partition = self._partitions[record.partition]
            batch.show(partition, change.key, status_after(change))
            source = SourcePosition(record.topic, partition.topic_id, record.partition, record.offset)
            outputs += self._live_outputs(updates_of_status(change, source), record, change.id, batch)
        return outputs

    def _position_outputs(self, batch: RouteBatch) -> list[Output]:
        outputs: list[Output] = []
        for record, position in batch.positions:
            if held_back_by(position.quality) is None:
                updates = updates_of_position(position, batch.statuses)
                outputs += self._live_outputs(updates, record, position.id, batch)
        return outputs

    def _requests(self, batch: RouteBatch) -> list[Output]:
        now: Micros = round(self._clock() * SECOND)
        notices = self._notices
        outputs: list[Output] = []
        for record, change, fault in batch.verdicts:
            if fault is None:
                outputs += self._written(record, partial(notices.of_status, change, record, now), batch)
        for record, event in batch.events:
            outputs += self._written(record, partial(notices.of_event, event, batch.statuses, record, now), batch)
        for record, assigned in batch.assignments:
            outputs += self._written(record, partial(notices.of_assignment, assigned, record, now), batch)
        return outputs

    def _written(self, record: InRecord, write: Callable[[], list[OutRecord]], batch: RouteBatch) -> list[Output]:
        try:
            outputs = [Output(request, record) for request in write()]
        except PermanentError as error:
            batch.faults.append((record, error))
            return [Output(self._letters.letter(record, error), record)]
        batch.requests[record.topic] += len(outputs)
        return outputs

    def _live_outputs(
        self, updates: Sequence[LiveUpdate], record: InRecord, event_id: str, batch: RouteBatch
    ) -> list[Output]:
        try:
            outputs = [Output(self._out_record(update, record), record) for update in updates]
        except PermanentError as error:
            log.warning("cannot be written", event=event_id, why=str(error))
            batch.faults.append((record, error))
            return [Output(self._letters.letter(record, error), record)]
        batch.live_records += len(outputs)
        return outputs

    def _out_record(self, update: LiveUpdate, record: InRecord) -> OutRecord:
        headers = event_headers(
            update.id,
            f"fleetcast.live.{update.kind}",
            SOURCE,
            update.event_time,
            header(record.headers, TRACEPARENT),
        )
        headers.append(channels_header(update.channels))
        return OutRecord(
            topic=LIVE.name, key=update.fleet.encode(), value=self._codec.encode(LIVE, update), headers=headers
        )

    def _count(self, batch: RouteBatch) -> None:
        now = self._clock()
        for _, position in batch.positions:
            self._metrics.position_done(position, now)
        for _, change, fault in batch.verdicts:
            self._metrics.status_done(change, fault, now)
        for record, error in batch.faults:
            self._letters.buried(record, error)
        self._metrics.live_records.inc(batch.live_records)
        for topic, count in batch.requests.items():
            self._metrics.requests.labels(topic).inc(count)
