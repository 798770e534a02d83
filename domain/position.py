"""A position: a ping after `enrich` has judged and completed it."""

import msgspec

from domain.instants import Micros
from domain.ping import Attributes
from domain.quality import QualityFlag
from domain.source_position import SourcePosition


class CarriedOrder(msgspec.Struct, frozen=True):
    """An order that an asset carried at the time of the fix. The order's fleet may be another of the same tenant."""

    fleet: str
    order: str


class Position(msgspec.Struct, frozen=True):
    """One judged fix of one asset. Field names are those of `schemas/avro/Position.avsc`."""

    id: str
    """The ping's event id."""
    fleet: str
    asset: str
    device: str | None
    time: Micros
    received_at: Micros
    lat: float
    lon: float
    speed: float | None
    """Metres per second: reported, else derived from the last position."""
    heading: float | None
    """Degrees clockwise from north: reported, else derived from the last position."""
    speed_derived: bool
    heading_derived: bool
    altitude: float | None
    accuracy: float | None
    battery: float | None
    attributes: Attributes
    quality: list[QualityFlag]
    orders: list[CarriedOrder]
    source: SourcePosition
    """The ping it was made of."""

    @property
    def key(self) -> str:
        """The Kafka key: `fleet/asset`, the same as the ping's, so that both topics are partitioned alike."""
        return f"{self.fleet}/{self.asset}"
