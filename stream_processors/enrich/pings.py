"""Reads a ping from a record."""

from backbone.codec import AvroCodec
from backbone.record import InRecord
from domain.ids import is_id
from domain.ping import GpsPing
from stream_processors.legal_values import is_finite, is_instant, refuse_unless


def read_ping(codec: AvroCodec, record: InRecord) -> GpsPing:
    """The ping of a record. Raises PermanentError for one that can never be read, OutageError without the registry."""
    ping = codec.decode(record.value or b"", GpsPing)
    refuse_unless(
        (
            ("fleet", is_id(ping.fleet)),
            ("asset", is_id(ping.asset)),
            ("id", is_id(ping.id)),
            ("lat", -90.0 <= ping.lat <= 90.0),
            ("lon", -180.0 <= ping.lon <= 180.0),
            ("time", is_instant(ping.time)),
            ("received_at", is_instant(ping.received_at)),
            ("speed", is_finite(ping.speed)),
            ("heading", is_finite(ping.heading)),
            ("altitude", is_finite(ping.altitude)),
            ("accuracy", is_finite(ping.accuracy)),
            ("battery", is_finite(ping.battery)),
        )
    )
    return ping
