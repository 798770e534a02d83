"""Reference data: what back ends tell us about their world, and we keep as the last word for each id."""

import enum

import msgspec

from domain.instants import Micros
from domain.ping import Attributes


class ReferenceKind(enum.StrEnum):
    """The kinds of reference data; the values stand in URLs and keys."""

    ASSET = "assets"
    ORDER = "orders"
    ASSIGNMENT = "assignments"
    WATCHER = "watchers"
    GEOFENCE = "geofences"
    UNKNOWN = "unknown"
    """What a reader that is older than a kind sees in its place: it passes over the entry."""


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """WGS 84 degrees."""

    lat: float
    lon: float


class Asset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that moves. An asset needs no registration; this is what is known beyond its pings."""

    name: str | None = None
    type: str | None = None
    """Such as `van`, `truck`, `ship`."""
    max_speed: float | None = None
    """Metres per second; above it a jump is impossible."""
    attributes: Attributes = {}


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that is delivered."""

    title: str | None = None
    destination: Point | None = None
    promised_at: Micros | None = None
    attributes: Attributes = {}


class Assignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That an asset carries an order from `valid_from` until before `valid_to` (None: until further notice)."""

    asset: str
    order: str
    valid_from: Micros
    valid_to: Micros | None = None
    order_fleet: str | None = None
    """The order's fleet when it is another than the asset's; of the same tenant."""


class Watcher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a user is concerned with an entity (`order/A-1001`, `asset/truck-7`)."""

    user: str
    entity: str


class Geofence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An area: a ring of at least three points, or a circle of `radius` metres around `center`."""

    name: str | None = None
    ring: list[Point] = []
    center: Point | None = None
    radius: float | None = None


class ReferenceRecord(msgspec.Struct, frozen=True):
    """One entry of `fleet.reference.v1`: exactly the field of its kind is set. Deleted by a record without a value."""

    kind: ReferenceKind
    fleet: str
    id: str
    updated_at: Micros
    asset: Asset | None = None
    order: Order | None = None
    assignment: Assignment | None = None
    watcher: Watcher | None = None
    geofence: Geofence | None = None

    @property
    def key(self) -> str:
        """The Kafka key: `kind/fleet/id`."""
        return reference_key(self.kind, self.fleet, self.id)


def reference_key(kind: ReferenceKind, fleet: str, entry_id: str) -> str:
    """The Kafka key of an entry of `fleet.reference.v1`."""
    return f"{kind}/{fleet}/{entry_id}"
