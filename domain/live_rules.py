"""What subscribers are told: the live updates that a position or a status change makes. No I/O, no state."""

from collections.abc import Mapping

from domain.channels import asset_channel, fleet_channel, order_channel
from domain.entity_status import EntityStatus
from domain.ids import derived_id
from domain.live_payloads import position_payload, public_position_payload, public_status_payload, status_payload
from domain.live_update import LiveUpdate
from domain.position import CarriedOrder, Position
from domain.source_position import SourcePosition
from domain.status_change import StatusChange

POSITION = "position"
STATUS = "status"
CARRIER = "carrier"
"""The entity of a public position: whatever carries the order, by no name."""

Statuses = Mapping[str, EntityStatus]
"""`FLEET/ENTITY`, such as `acme/order/A-1001`, -> the status it shows."""


def asset_entity(asset: str) -> str:
    """The entity of an asset: `asset/truck-7`."""
    return f"asset/{asset}"


def status_names_of(position: Position) -> list[str]:
    """The statuses that decide about a position's updates: its asset's, and those of the orders it carried."""
    return [_asset_name(position), *(_order_name(order) for order in position.orders)]


def updates_of_position(position: Position, statuses: Statuses) -> list[LiveUpdate]:
    """One full update for fleet and asset, and a public one for each fleet that still has orders on the way in it.

    Their source is the ping that the position was made of, not the position: when `enrich` repeats a position, readers
    see the same source again, and skip it.
    """
    full = _update(
        position,
        rule="live.full",
        fleet=position.fleet,
        channels=[fleet_channel(position.fleet), asset_channel(position.fleet, position.asset)],
        entity=asset_entity(position.asset),
        payload=position_payload(position, statuses.get(_asset_name(position))),
        index=0,
    )
    if not position.orders:
        return [full]
    open_channels = _open_order_channels(position, statuses)
    payload = public_position_payload(position)
    public = [
        _update(
            position,
            rule=f"live.public.{fleet}",
            fleet=fleet,
            channels=open_channels[fleet],
            entity=CARRIER,
            payload=payload,
            index=index,
        )
        # A fleet keeps its index when another one's orders end, so that a replay gives each the same source again.
        for index, fleet in enumerate(sorted({order.fleet for order in position.orders}), start=1)
        if fleet in open_channels
    ]
    return [full, *public]


def updates_of_status(change: StatusChange, source: SourcePosition) -> list[LiveUpdate]:
    """One full update for the fleet, and the asset if it is one; of an order a public one for its own channel."""
    kind, _, member = change.entity.partition("/")
    if kind == "asset":
        channels = [fleet_channel(change.fleet), asset_channel(change.fleet, member)]
        return [_status_update(change, "live.full", channels, status_payload(change), source)]
    public = SourcePosition(source.topic, source.topic_id, source.partition, source.offset, index=1)
    return [
        _status_update(change, "live.full", [fleet_channel(change.fleet)], status_payload(change), source),
        _status_update(
            change, "live.public", [order_channel(change.fleet, member)], public_status_payload(change), public
        ),
    ]


def _open_order_channels(position: Position, statuses: Statuses) -> dict[str, list[str]]:
    """Fleet -> channels of its orders that have no final status."""
    channels: dict[str, list[str]] = {}
    for order in position.orders:
        status = statuses.get(_order_name(order))
        if status is None or not status.final:
            channels.setdefault(order.fleet, []).append(order_channel(order.fleet, order.order))
    return channels


def _update(
    position: Position, *, rule: str, fleet: str, channels: list[str], entity: str, payload: bytes, index: int
) -> LiveUpdate:
    made_of = position.source
    return LiveUpdate(
        id=derived_id(f"{position.fleet}/{position.asset}/{position.id}", rule),
        fleet=fleet,
        channels=channels,
        kind=POSITION,
        entity=entity,
        event_time=position.time,
        version=position.time,
        received_at=position.received_at,
        payload=payload,
        source=SourcePosition(made_of.topic, made_of.topic_id, made_of.partition, made_of.offset, index),
    )


def _status_update(
    change: StatusChange, rule: str, channels: list[str], payload: bytes, source: SourcePosition
) -> LiveUpdate:
    return LiveUpdate(
        id=derived_id(f"{change.fleet}/{change.entity}/{change.id}", rule),
        fleet=change.fleet,
        channels=channels,
        kind=STATUS,
        entity=change.entity,
        event_time=change.time,
        version=change.version,
        received_at=change.received_at,
        payload=payload,
        source=source,
    )


def _asset_name(position: Position) -> str:
    return f"{position.fleet}/{asset_entity(position.asset)}"


def _order_name(order: CarriedOrder) -> str:
    return f"{order.fleet}/order/{order.order}"
