"""Reads a ping, and refuses what ingest would never have written: other producers may write to the topic too."""

import math

from backbone.codec import AvroCodec
from backbone.record import InRecord
from domain.errors import PermanentError
from domain.ids import is_id
from domain.instants import DAY
from domain.ping import GpsPing

LAST_INSTANT = 366 * 8_000 * DAY
"""Far in the future, and still a date that RFC 3339 can write."""


class MalformedPing(PermanentError):
    """The record is a ping, but one of its values cannot be."""

    def __init__(self, field: str) -> None:
        super().__init__("malformed_ping", f"{field} is not what it may be")


def read_ping(codec: AvroCodec, record: InRecord) -> GpsPing:
    """The ping of a record. Raises PermanentError for one that can never be read, OutageError without the registry."""
    ping = codec.decode(record.value or b"", GpsPing)
    for field, legal in (
        ("fleet", is_id(ping.fleet)),
        ("asset", is_id(ping.asset)),
        ("id", is_id(ping.id)),
        ("lat", -90.0 <= ping.lat <= 90.0),
        ("lon", -180.0 <= ping.lon <= 180.0),
        ("time", 0 <= ping.time < LAST_INSTANT),
        ("received_at", 0 <= ping.received_at < LAST_INSTANT),
        ("speed", _finite(ping.speed)),
        ("heading", _finite(ping.heading)),
        ("altitude", _finite(ping.altitude)),
        ("accuracy", _finite(ping.accuracy)),
        ("battery", _finite(ping.battery)),
    ):
        if not legal:
            raise MalformedPing(field)
    return ping


def _finite(value: float | None) -> bool:
    return value is None or math.isfinite(value)
