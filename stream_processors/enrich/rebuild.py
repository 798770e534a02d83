"""Makes the states of assets again, when Redis has lost them: what was shown, then our own positions after that."""

import time
from collections.abc import Callable, Iterator

import msgspec
import structlog

from backbone.codec import AvroCodec
from backbone.partition_ref import PartitionRef
from backbone.partitioner import partition_of
from backbone.topic_scan import Scanning
from backbone.topics import EVENTS, POSITIONS
from domain.asset_states import state_after
from domain.asset_watch import AssetWatch
from domain.errors import PermanentError
from domain.fleet_event import EventKind, FleetEvent
from domain.instants import DAY, MINUTE, Micros
from domain.last_position import NEVER_SEEN, AssetState, LastPosition
from domain.live_payloads import PositionPayload
from domain.live_rules import POSITION
from domain.live_update import LiveUpdate
from domain.position import Position
from domain.quality_limits import QualityLimits
from stream_processors.enrich.reference_view import ReferenceView
from stream_processors.enrich.watcher import AssetWatcher
from stream_processors.owned_states import Rebuild, Rebuilt
from stream_processors.shown_updates import shown_updates, told

log = structlog.get_logger(__name__)

MARGIN: Micros = MINUTE
"""What pings of a partition may be out of the order of their receipt, and what clocks may differ."""
MARGIN_RECORDS = 1_000
"""More than one batch of `route`: when it dies, the later half of a batch may have been shown and the other not."""


STOPS_WITHIN: Micros = 2 * DAY
"""An asset that stopped longer ago is told to have stopped once more. Of one that stands still and was not told to have
stopped yet, the time counts anew: it is told so much later."""


class _Shown(msgspec.Struct):
    """What was shown last: of each asset (`FLEET/ASSET`), and of each stream of pings (topic id, partition); and since
    when the assets stand still that have stopped.
    """

    assets: dict[str, LastPosition]
    streams: dict[tuple[str, int], LiveUpdate]
    stopped: dict[str, Micros]


class AssetRebuild(Rebuild[AssetState]):
    """The mark follows the newest ping of which there is a position: it was put out, and all before it."""

    def __init__(
        self,
        scan: Scanning,
        codec: AvroCodec,
        reference: ReferenceView,
        watcher: AssetWatcher,
        limits: QualityLimits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._scan = scan
        self._codec = codec
        self._reference = reference
        self._watcher = watcher
        self._clock = clock
        self._limits = limits
        self._shown: _Shown | None = None

    def rebuilt(self, partition: PartitionRef, committed: int | None) -> Rebuilt[AssetState]:
        """See Rebuild."""
        # Kept for the partitions that follow: an older reading only means that more positions are replayed.
        shown = self._shown = self._shown or self._read_shown()
        count = self._scan.partitions(partition.topic)
        states = {
            name: AssetState(last, (last.id,), watch=self._watch(name, last, shown.stopped.get(name)))
            for name, last in shown.assets.items()
            if partition_of(name.encode(), count) == partition.partition
        }
        stream = (partition.topic_id, partition.partition)
        mark = committed or 0
        for position in self._positions(partition, shown.streams.get(stream)):
            if position.source.stream == stream:
                mark = max(mark, position.source.offset + 1)
            state = states.get(position.key, NEVER_SEEN)
            max_speed = self._reference.max_speed(position.fleet, position.asset)
            after = state_after(state, position, self._limits, max_speed)
            states[position.key], _ = self._watcher.after(state, position, after)
        return Rebuilt(mark, states)

    def forget(self) -> None:
        """See Rebuild."""
        self._shown = None

    def _positions(self, partition: PartitionRef, last_shown: LiveUpdate | None) -> Iterator[Position]:
        """What may not have been shown yet: all from a little before the newest that was."""
        place = (POSITIONS.name, partition.partition)
        start = 0
        if last_shown is not None:
            since = max(0, (last_shown.received_at - MARGIN) // 1000)
            start = max(0, self._scan.since({place: since})[place].start - MARGIN_RECORDS)
        for record in told(self._scan.read(self._scan.to_end({place: start})), "replaying positions"):
            try:
                yield self._codec.decode(record.value or b"", Position)
            except PermanentError as error:
                log.warning("left out a position", partition=record.partition, offset=record.offset, why=str(error))

    def _read_shown(self) -> _Shown:
        shown = _Shown({}, {}, self._read_stopped())
        for update, payload in shown_updates(self._scan, self._codec, POSITION, PositionPayload):
            assert update.source is not None
            name = f"{update.fleet}/{update.entity.partition('/')[2]}"
            before = shown.assets.get(name)
            if before is None or before.time <= update.version:
                shown.assets[name] = _last_position(update, payload)
            newest = shown.streams.get(update.source.stream)
            if newest is None or newest.source is None or newest.source.rank < update.source.rank:
                shown.streams[update.source.stream] = update
        return shown

    def _watch(self, name: str, last: LastPosition, stopped_since: Micros | None) -> AssetWatch:
        return self._watcher.resumed(name.partition("/")[0], last, stopped_since)

    def _read_stopped(self) -> dict[str, Micros]:
        """Since when the assets stand still, by the events of the last days."""
        stopped: dict[str, Micros] = {}
        since = max(0, round(self._clock() * 1000) - STOPS_WITHIN // 1000)
        places = [(EVENTS.name, number) for number in range(self._scan.partitions(EVENTS.name))]
        for record in told(self._scan.read(self._scan.since(dict.fromkeys(places, since))), "reading events"):
            try:
                event = self._codec.decode(record.value or b"", FleetEvent)
            except PermanentError as error:
                log.warning("left out an event", partition=record.partition, offset=record.offset, why=str(error))
                continue
            if event.kind is EventKind.STOPPED:
                stopped[event.key] = event.since or event.time
            elif event.kind is EventKind.MOVING:
                stopped.pop(event.key, None)
        return stopped


def _last_position(update: LiveUpdate, payload: PositionPayload) -> LastPosition:
    return LastPosition(
        id=payload.id,
        time=update.event_time,
        lat=payload.lat,
        lon=payload.lon,
        accuracy=payload.accuracy,
        heading=payload.heading,
        anchor_lat=payload.lat,
        anchor_lon=payload.lon,
    )
