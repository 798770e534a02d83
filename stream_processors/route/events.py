"""Reads positions, status changes, fleet events and assignments from records."""

from backbone.codec import AvroCodec
from backbone.record import InRecord
from domain.fleet_event import FleetEvent
from domain.ids import is_id
from domain.position import Position
from domain.reference import ReferenceKind, ReferenceRecord
from domain.status_change import StatusChange
from stream_processors.legal_values import is_instant, refuse_unless

ENTITY_KINDS = ("order", "asset")
MAX_STATUS_LENGTH = 128
_ASSIGNMENTS = f"{ReferenceKind.ASSIGNMENT}/".encode()


def read_position(codec: AvroCodec, record: InRecord) -> Position:
    """The position of a record. Raises PermanentError when it can never be read, OutageError without the registry."""
    position = codec.decode(record.value or b"", Position)
    refuse_unless(
        (
            ("fleet", is_id(position.fleet)),
            ("asset", is_id(position.asset)),
            ("time", is_instant(position.time)),
        )
    )
    return position


def read_status_change(codec: AvroCodec, record: InRecord) -> StatusChange:
    """The same of a status change."""
    change = codec.decode(record.value or b"", StatusChange)
    kind, _, member = change.entity.partition("/")
    refuse_unless(
        (
            ("id", is_id(change.id)),
            ("fleet", is_id(change.fleet)),
            ("entity", kind in ENTITY_KINDS and is_id(member)),
            ("status", 0 < len(change.status) <= MAX_STATUS_LENGTH),
            ("version", change.version >= 0),
            ("time", is_instant(change.time)),
        )
    )
    return change


def read_fleet_event(codec: AvroCodec, record: InRecord) -> FleetEvent:
    """The same of a fleet event."""
    event = codec.decode(record.value or b"", FleetEvent)
    refuse_unless(
        (
            ("id", is_id(event.id)),
            ("fleet", is_id(event.fleet)),
            ("asset", is_id(event.asset)),
            ("geofence", event.geofence is None or is_id(event.geofence)),
            ("order_fleet", event.order_fleet is None or is_id(event.order_fleet)),
            ("order", event.order is None or is_id(event.order)),
            ("time", is_instant(event.time)),
            ("received_at", is_instant(event.received_at)),
        )
    )
    return event


def read_assignment(codec: AvroCodec, record: InRecord) -> ReferenceRecord | None:
    """The same of an entry of the reference data; None for an entry of another kind, and for one that was deleted."""
    if record.value is None or not (record.key or b"").startswith(_ASSIGNMENTS):
        return None
    entry = codec.decode(record.value, ReferenceRecord)
    assignment = entry.assignment
    if assignment is None:
        return None
    refuse_unless(
        (
            ("fleet", is_id(entry.fleet)),
            ("id", is_id(entry.id)),
            ("assignment.asset", is_id(assignment.asset)),
            ("assignment.order", is_id(assignment.order)),
            ("assignment.order_fleet", assignment.order_fleet is None or is_id(assignment.order_fleet)),
            ("assignment.valid_from", is_instant(assignment.valid_from)),
            ("updated_at", is_instant(entry.updated_at)),
        )
    )
    return entry
