"""Reads positions and status changes from records."""

from backbone.codec import AvroCodec
from backbone.record import InRecord
from domain.ids import is_id
from domain.position import Position
from domain.status_change import StatusChange
from stream_processors.legal_values import is_instant, refuse_unless

ENTITY_KINDS = ("order", "asset")
MAX_STATUS_LENGTH = 128


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
