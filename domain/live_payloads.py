"""What clients read: the JSON inside a live update. A field that is not declared here never leaves the platform."""

from typing import Literal

import msgspec

from domain.entity_status import EntityStatus
from domain.instants import format_rfc3339
from domain.ping import Attributes
from domain.position import CarriedOrder, Position
from domain.status_change import StatusChange


class StatusBadge(msgspec.Struct, frozen=True):
    """The status of the asset, inside a position."""

    status: str
    version: int
    time: str


class PositionPayload(msgspec.Struct, frozen=True):
    """A position on the channels of its fleet and asset."""

    kind: Literal["position"]
    id: str
    """The ping's event id."""
    asset: str
    time: str
    """RFC 3339, as all times here."""
    lat: float
    lon: float
    speed: float | None
    heading: float | None
    altitude: float | None
    accuracy: float | None
    battery: float | None
    quality: list[str]
    status: StatusBadge | None
    orders: list[str]
    """`A-1001`; an order of another fleet as `acme.eu/A-7`."""
    attributes: Attributes


class PublicPositionPayload(msgspec.Struct, frozen=True):
    """A position on the channels of orders: nothing that names the asset, another order or what the sender added."""

    kind: Literal["position"]
    id: str
    time: str
    lat: float
    lon: float
    speed: float | None
    heading: float | None
    quality: list[str]


class StatusPayload(msgspec.Struct, frozen=True):
    """A status on the channels of its fleet and asset."""

    kind: Literal["status"]
    id: str
    entity: str
    status: str
    version: int
    time: str
    attributes: Attributes


class PublicStatusPayload(msgspec.Struct, frozen=True):
    """A status on the channel of its order."""

    kind: Literal["status"]
    id: str
    entity: str
    status: str
    version: int
    time: str


def position_payload(position: Position, status: EntityStatus | None) -> bytes:
    """JSON of a position for those who may see its fleet."""
    return msgspec.json.encode(
        PositionPayload(
            kind="position",
            id=position.id,
            asset=position.asset,
            time=format_rfc3339(position.time),
            lat=position.lat,
            lon=position.lon,
            speed=position.speed,
            heading=position.heading,
            altitude=position.altitude,
            accuracy=position.accuracy,
            battery=position.battery,
            quality=list(position.quality),
            status=None if status is None else _badge(status),
            orders=[_order_name(each, position.fleet) for each in position.orders],
            attributes=position.attributes,
        )
    )


def public_position_payload(position: Position) -> bytes:
    """JSON of a position for those who follow an order."""
    return msgspec.json.encode(
        PublicPositionPayload(
            kind="position",
            id=position.id,
            time=format_rfc3339(position.time),
            lat=position.lat,
            lon=position.lon,
            speed=position.speed,
            heading=position.heading,
            quality=list(position.quality),
        )
    )


def status_payload(change: StatusChange) -> bytes:
    """JSON of a status for those who may see its fleet."""
    return msgspec.json.encode(
        StatusPayload(
            kind="status",
            id=change.id,
            entity=change.entity,
            status=change.status,
            version=change.version,
            time=format_rfc3339(change.time),
            attributes=change.attributes,
        )
    )


def public_status_payload(change: StatusChange) -> bytes:
    """JSON of a status for those who follow the order."""
    return msgspec.json.encode(
        PublicStatusPayload(
            kind="status",
            id=change.id,
            entity=change.entity,
            status=change.status,
            version=change.version,
            time=format_rfc3339(change.time),
        )
    )


def _badge(status: EntityStatus) -> StatusBadge:
    return StatusBadge(status.status, status.version, format_rfc3339(status.time))


def _order_name(order: CarriedOrder, fleet: str) -> str:
    return order.order if order.fleet == fleet else f"{order.fleet}/{order.order}"
