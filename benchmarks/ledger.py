"""What Kafka says happened: the records of the road's three topics, as far as they have been read."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from backbone.codec import AvroCodec
from backbone.kafka_settings import KafkaSettings
from backbone.lookups import Place
from backbone.record import InRecord
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topic_scan import TopicScan
from backbone.topics import LIVE, PINGS, POSITIONS, Topic
from benchmarks.watcher import Shown
from domain.channels import order_channel
from domain.instants import Micros
from domain.live_update import LiveUpdate
from domain.ping import GpsPing
from domain.position import Position
from domain.quality_rules import held_back_by
from domain.source_position import SourcePosition


class PingEntry(NamedTuple):
    """One record of `fleet.pings.v1`: `place` is (partition, offset)."""

    place: tuple[int, int]
    id: str
    asset: str
    time: Micros


class PositionEntry(NamedTuple):
    """One record of `fleet.positions.v1`. `made_of` is the place of its ping; `held` the flag that held it back."""

    made_of: tuple[int, int]
    id: str
    held: str | None
    order_channels: tuple[str, ...]


class LiveEntry(NamedTuple):
    """One record of `fleet.live.v1`."""

    offset: int
    channels: tuple[str, ...]
    shown: Shown
    version: int
    source: SourcePosition | None


class Ledger:
    """The topics of one cluster, in memory. Fleets whose live partitions differ need a ledger each."""

    def __init__(self, kafka_bootstrap: str, registry_url: str) -> None:
        self.pings: list[PingEntry] = []
        self.positions: list[PositionEntry] = []
        self.live: list[LiveEntry] = []
        self._codec = AvroCodec(SchemaRegistry.of(RegistrySettings(url=registry_url)))
        self._scan = TopicScan(KafkaSettings(bootstrap=kafka_bootstrap))
        self._next: dict[Place, int] = {}

    def read_on(self) -> None:
        """Read what has come since the last call. Blocks; raises OutageError."""
        self._each(PINGS, self._take_ping)
        self._each(POSITIONS, self._take_position)
        self._each(LIVE, self._take_live)

    def _each(self, topic: Topic, take: Callable[[InRecord], None]) -> None:
        for record in self._new_records(topic.name):
            take(record)

    def _new_records(self, topic: str) -> Iterator[InRecord]:
        places = [(topic, number) for number in range(self._scan.partitions(topic))]
        ranges = self._scan.to_end({place: self._next.get(place, 0) for place in places})
        for batch in self._scan.read(ranges):
            yield from batch
        self._next.update({place: each.end for place, each in ranges.items()})

    def _take_ping(self, record: InRecord) -> None:
        ping = self._codec.decode(record.value or b"", GpsPing)
        self.pings.append(PingEntry((record.partition, record.offset), ping.id, ping.asset, ping.time))

    def _take_position(self, record: InRecord) -> None:
        position = self._codec.decode(record.value or b"", Position)
        place = (position.source.partition, position.source.offset)
        channels = tuple(order_channel(order.fleet, order.order) for order in position.orders)
        self.positions.append(PositionEntry(place, position.id, held_back_by(position.quality), channels))

    def _take_live(self, record: InRecord) -> None:
        update = self._codec.decode(record.value or b"", LiveUpdate)
        shown = msgspec.json.decode(update.payload, type=Shown)
        self.live.append(LiveEntry(record.offset, tuple(update.channels), shown, update.version, update.source))
