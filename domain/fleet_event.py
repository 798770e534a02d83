"""A fleet event: what an asset's fixes mean, as `enrich` has found. Field names are those of `schemas/avro/`."""

import enum

import msgspec

from domain.instants import Micros
from domain.source_position import SourcePosition


class EventKind(enum.StrEnum):
    """What happened. Symbols are those of the enum in `schemas/avro/FleetEvent.avsc`."""

    ENTERED = "entered"
    """The asset came into a geofence."""
    LEFT = "left"
    """The asset went out of a geofence."""
    STOPPED = "stopped"
    """The asset has not moved for a while."""
    MOVING = "moving"
    """The asset moves again after it had stopped."""
    LATE = "late"
    """The time passed that was promised for an order that the asset carries by its assignments. Whether the order was
    delivered before, its status tells."""
    UNKNOWN = "unknown"
    """A kind of a newer version of the schema than the reader's."""


class FleetEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A record of `fleet.events.v1`."""

    id: str
    """Derived from the fix and the rule: the same at every replay."""
    fleet: str
    asset: str
    kind: EventKind
    time: Micros
    """The event time of the fix that showed it."""
    received_at: Micros
    """When that fix reached ingest."""
    lat: float
    lon: float
    since: Micros | None = None
    """Of `stopped` and `moving`: from when on it stood still. Of `late`: the time that was promised."""
    geofence: str | None = None
    """The id of the geofence entered or left, in the asset's fleet."""
    geofence_name: str | None = None
    order_fleet: str | None = None
    """The fleet of the order that is late."""
    order: str | None = None
    source: SourcePosition
    """The ping that it was made of."""

    @property
    def key(self) -> str:
        """The Kafka key: `fleet/asset`."""
        return f"{self.fleet}/{self.asset}"
