"""Makes the states of assets again, when Redis has lost them, from what was shown last and our own positions."""

from collections.abc import Iterator

import msgspec
import structlog

from backbone.codec import AvroCodec
from backbone.partition_ref import PartitionRef
from backbone.partitioner import partition_of
from backbone.topics import POSITIONS
from domain.asset_states import state_after
from domain.channels import ChannelKind
from domain.errors import PermanentError
from domain.last_position import NEVER_SEEN, AssetState, LastPosition
from domain.live_payloads import PositionPayload
from domain.live_rules import POSITION
from domain.live_update import LiveUpdate
from domain.position import Position
from domain.quality_limits import QualityLimits
from domain.replay_start import ShownLast, replay_start
from stream_processors.enrich.reference_view import ReferenceView
from stream_processors.history import History, told
from stream_processors.latest_entries import LatestEntry, latest_entries
from stream_processors.owned_states import Rebuild, Rebuilt

log = structlog.get_logger(__name__)


class _Shown(msgspec.Struct, frozen=True):
    """The position that an asset showed last."""

    last: LastPosition
    stream: tuple[str, int]
    next_offset: int
    """After the ping that it was made of."""
    place: ShownLast


class _Latest(msgspec.Struct, frozen=True):
    """All assets, by `FLEET/ASSET`, and the newest live record known of each live partition."""

    assets: dict[str, _Shown]
    newest_ms: dict[tuple[str, int], int]


class AssetRebuild(Rebuild[AssetState]):
    """First what was shown last (all partitions at once), then the end of `fleet.positions.v1` of the partition."""

    def __init__(self, history: History, codec: AvroCodec, reference: ReferenceView, limits: QualityLimits) -> None:
        self._history = history
        self._codec = codec
        self._reference = reference
        self._limits = limits
        self._latest: _Latest | None = None

    def rebuilt(self, partition: PartitionRef, committed: int | None) -> Rebuilt[AssetState]:
        """The mark follows the newest ping of which there is a position: it was put out, whatever else was not."""
        # Kept for the next partition: an older reading only means that more positions are replayed.
        latest = self._latest = self._latest or self._read_latest()
        pings = self._history.partitions(partition.topic)
        ours = {
            name: shown
            for name, shown in latest.assets.items()
            if partition_of(name.encode(), pings) == partition.partition
        }
        stream = (partition.topic_id, partition.partition)
        from_pings = [shown for shown in ours.values() if shown.stream == stream]
        start = replay_start([shown.place for shown in from_pings], latest.newest_ms)
        states = {name: AssetState(shown.last) for name, shown in ours.items()}
        mark = max([committed or 0, *(shown.next_offset for shown in from_pings)])
        for position in self._positions(partition, start):
            if position.source.stream == stream:
                mark = max(mark, position.source.offset + 1)
            states[position.key] = self._after(states.get(position.key, NEVER_SEEN), position)
        return Rebuilt(mark, states)

    def forget(self) -> None:
        """Let go of what was shown last."""
        self._latest = None

    def _after(self, state: AssetState, position: Position) -> AssetState:
        return state_after(state, position, self._limits, self._reference.max_speed(position.fleet, position.asset))

    def _positions(self, partition: PartitionRef, start: int | None) -> Iterator[Position]:
        start_ms = None if start is None else max(0, start // 1000)
        records = self._history.since(POSITIONS.name, partition.partition, start_ms)
        for record in told(records, "replaying positions"):
            try:
                yield self._codec.decode(record.value or b"", Position)
            except PermanentError as error:
                log.warning("left out a position", partition=record.partition, offset=record.offset, why=str(error))

    def _read_latest(self) -> _Latest:
        assets: dict[str, _Shown] = {}
        newest_ms: dict[tuple[str, int], int] = {}
        for entry in latest_entries(self._history, self._codec, ChannelKind.ASSET, POSITION):
            newest_ms[entry.live_place] = max(newest_ms.get(entry.live_place, 0), entry.live_ms)
            shown = _shown(entry)
            if shown is not None:
                name = f"{entry.update.fleet}/{entry.update.entity.partition('/')[2]}"
                before = assets.get(name)
                if before is None or before.last.time <= shown.last.time:
                    assets[name] = shown
        return _Latest(assets, newest_ms)


def _shown(entry: LatestEntry) -> _Shown | None:
    update = entry.update
    if update.source is None:
        return None
    return _Shown(
        last=_last_position(update),
        stream=update.source.stream,
        next_offset=update.source.offset + 1,
        place=ShownLast(entry.live_place, entry.live_ms, update.received_at),
    )


def _last_position(update: LiveUpdate) -> LastPosition:
    payload = msgspec.json.decode(update.payload, type=PositionPayload)
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
