"""Pings in, positions out: one for each, in the order of their partition, by the replay rule. And what they mean."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from backbone.batch_handler import BatchHandler
from backbone.codec import AvroCodec
from backbone.headers import TRACEPARENT, event_headers
from backbone.outputs import Letters, Output, publish_all
from backbone.partition_ref import PartitionRef
from backbone.publishing import BatchPublishing
from backbone.record import InRecord, OutRecord, header
from backbone.topics import EVENTS, POSITIONS
from domain.asset_states import state_after
from domain.errors import PermanentError
from domain.fleet_event import FleetEvent
from domain.judgement import judged_position
from domain.last_position import NEVER_SEEN, AssetState
from domain.ping import GpsPing
from domain.position import Position
from domain.quality_limits import QualityLimits
from domain.source_position import SourcePosition
from runtime.fail_points import Reached, never
from stream_processors.enrich.metrics import EnrichMetrics
from stream_processors.enrich.pings import read_ping
from stream_processors.enrich.reference_view import ReferenceView
from stream_processors.enrich.watcher import AssetWatcher
from stream_processors.owned_states import Advance, OwnedStates

SOURCE = "/fleetcast/enrich"


class _Arrival(NamedTuple):
    """A record that is to be done: the ping in it, or why there is none."""

    record: InRecord
    partition: PartitionRef
    ping: GpsPing | None
    fault: PermanentError | None


class EnrichHandler(BatchHandler):
    """The order is: decode, read the states, judge, publish, write states and marks. Only then anything is kept."""

    def __init__(
        self,
        *,
        codec: AvroCodec,
        publisher: BatchPublishing,
        letters: Letters,
        states: OwnedStates[AssetState],
        reference: ReferenceView,
        watcher: AssetWatcher,
        limits: QualityLimits,
        metrics: EnrichMetrics,
        clock: Callable[[], float] = time.time,
        reached: Reached = never,
    ) -> None:
        self._codec = codec
        self._publisher = publisher
        self._letters = letters
        self._states = states
        self._reference = reference
        self._watcher = watcher
        self._limits = limits
        self._metrics = metrics
        self._clock = clock
        self._reached = reached
        self._partitions: dict[int, PartitionRef] = {}

    def assigned(self, partition: PartitionRef, committed: int | None) -> int | None:
        """Begin at the mark of the states, rebuilt if it was lost; never at the commit, which is older."""
        mark = self._states.take(partition, committed)
        self._partitions[partition.partition] = partition
        return mark

    def tick(self) -> None:
        """Look after the state of partitions that are quiet."""
        self._states.heal()

    def released(self, partition: PartitionRef, *, lost: bool) -> None:  # noqa: ARG002
        """The states in the store are complete after every batch: there is nothing to write."""
        self._states.drop(partition)
        self._partitions.pop(partition.partition, None)

    def handle(self, records: Sequence[InRecord]) -> None:
        """See BatchHandler."""
        arrivals = [arrival for arrival in map(self._arrival, records) if arrival is not None]
        known = self._states.values(_assets(arrivals))
        batch = _Batch(arrivals, known)
        outputs = [self._output(arrival, batch) for arrival in arrivals]
        if batch.events:
            # Before the positions: a position that was put out is behind the mark of a rebuild, and makes no event.
            publish_all(self._publisher, self._event_outputs(batch), self._letters)
            self._reached("enrich.told")
        publish_all(self._publisher, outputs, self._letters)
        self._reached("enrich.published")
        # What is acknowledged is on the topic, whatever becomes of the states: so the books agree with the topic.
        self._count(batch)
        self._states.advance(batch.advances())
        self._reached("enrich.done")

    def _arrival(self, record: InRecord) -> _Arrival | None:
        """None for a record that was put out before."""
        partition = self._partitions[record.partition]
        if record.offset < self._states.mark(partition):
            return None
        try:
            return _Arrival(record, partition, read_ping(self._codec, record), None)
        except PermanentError as error:
            return _Arrival(record, partition, None, error)

    def _output(self, arrival: _Arrival, batch: "_Batch") -> Output:
        record, partition, ping, fault = arrival
        if ping is None:
            assert fault is not None
            return Output(self._letters.letter(record, fault), record)
        position = self._judged(ping, record, partition, batch)
        try:
            return Output(self._out_record(position, record), record)
        except PermanentError as error:
            batch.faults.append((record, error))
            return Output(self._letters.letter(record, error), record)

    def _judged(self, ping: GpsPing, record: InRecord, partition: PartitionRef, batch: "_Batch") -> Position:
        carried = self._reference.carried(ping.fleet, ping.asset, ping.time)
        max_speed = self._reference.max_speed(ping.fleet, ping.asset)
        state = batch.state(partition, ping.key)
        position = judged_position(
            ping,
            state,
            limits=self._limits,
            max_speed=max_speed,
            orders=carried.orders,
            source=SourcePosition(record.topic, partition.topic_id, record.partition, record.offset),
        )
        batch.orders_left_out += carried.left_out
        next_state = state_after(state, position, self._limits, max_speed)
        next_state, events = self._watcher.after(state, position, next_state)
        batch.put(partition, position, next_state)
        batch.events += [(record, event) for event in events]
        return position

    def _event_outputs(self, batch: "_Batch") -> list[Output]:
        return [Output(self._event_record(event, record), record) for record, event in batch.events]

    def _event_record(self, event: FleetEvent, record: InRecord) -> OutRecord:
        return OutRecord(
            topic=EVENTS.name,
            key=event.key.encode(),
            value=self._codec.encode(EVENTS, event),
            headers=event_headers(
                event.id, f"fleetcast.event.{event.kind}", SOURCE, event.time, header(record.headers, TRACEPARENT)
            ),
        )

    def _out_record(self, position: Position, record: InRecord) -> OutRecord:
        return OutRecord(
            topic=POSITIONS.name,
            key=position.key.encode(),
            value=self._codec.encode(POSITIONS, position),
            headers=event_headers(
                position.id, "fleetcast.position", SOURCE, position.time, header(record.headers, TRACEPARENT)
            ),
            # Both topics have the same keys and so the same partitions; a rebuild relies on it.
            partition=record.partition,
        )

    def _count(self, batch: "_Batch") -> None:
        now = self._clock()
        for position in batch.positions:
            self._metrics.done(position, now)
        for _, event in batch.events:
            self._metrics.events.labels(event.kind).inc()
        for record, fault in batch.faults:
            self._letters.buried(record, fault)
        if batch.orders_left_out:
            self._metrics.orders_left_out.inc(batch.orders_left_out)


class _Batch:
    """What a batch changes, kept apart until all of it is written: it may have to be done again from the start."""

    def __init__(self, arrivals: Sequence[_Arrival], known: dict[PartitionRef, dict[str, AssetState]]) -> None:
        self.positions: list[Position] = []
        self.faults = [(arrival.record, arrival.fault) for arrival in arrivals if arrival.fault is not None]
        self.orders_left_out = 0
        self.events: list[tuple[InRecord, FleetEvent]] = []
        self._known = known
        self._changed: dict[PartitionRef, dict[str, AssetState]] = {arrival.partition: {} for arrival in arrivals}
        self._marks = {arrival.partition: arrival.record.offset + 1 for arrival in arrivals}

    def state(self, partition: PartitionRef, name: str) -> AssetState:
        """As of now, with what this batch has done so far."""
        changed = self._changed[partition].get(name)
        return changed if changed is not None else self._known[partition].get(name, NEVER_SEEN)

    def put(self, partition: PartitionRef, position: Position, state: AssetState) -> None:
        """Takes a position and the state after it."""
        self.positions.append(position)
        self._changed[partition][position.key] = state

    def advances(self) -> dict[PartitionRef, Advance[AssetState]]:
        """What to write: for every partition that had a record, even one that could not be read."""
        return {partition: Advance(mark, self._changed[partition]) for partition, mark in self._marks.items()}


def _assets(arrivals: Sequence[_Arrival]) -> dict[PartitionRef, list[str]]:
    names: dict[PartitionRef, dict[str, None]] = {}
    for arrival in arrivals:
        if arrival.ping is not None:
            names.setdefault(arrival.partition, {})[arrival.ping.key] = None
    return {partition: list(wanted) for partition, wanted in names.items()}
