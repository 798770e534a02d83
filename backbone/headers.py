"""Record headers: CloudEvents binary mode for Kafka, W3C trace context, and the channels of a live record.

Sources: CloudEvents 1.0.2 Kafka protocol binding section 3.2 (`ce_` prefix), W3C Trace Context section 3.2.
"""

from backbone.record import Headers, InRecord, header
from domain.instants import Micros, format_rfc3339

CE_ID = "ce_id"
CE_TYPE = "ce_type"
CE_SOURCE = "ce_source"
CE_TIME = "ce_time"
TRACEPARENT = "traceparent"
CHANNELS = "channels"
"""On live topics: the channels, joined by commas (no id holds one), so that a scan need not decode the value."""

DUE_AT = "due-at"
"""Of a record that is to wait: until when, in microseconds since the epoch, as ASCII digits."""
MAX_DUE_AT_DIGITS = 18  # the year 33,658

LATEST_OF_TOPIC_ID = "live-topic-id"
LATEST_OF_PARTITION = "live-partition"
LATEST_OF_OFFSET = "live-offset"
LATEST_OF_TIME = "live-time"
"""On `fleet.latest.v1`: where the live record stands whose bytes the entry holds, and its timestamp in ms."""

_SPEC_VERSION = ("ce_specversion", b"1.0")
_CONTENT_TYPE = ("content-type", b"application/avro")


def event_headers(event_id: str, event_type: str, source: str, time: Micros, traceparent: bytes | None) -> Headers:
    """The headers of an event in CloudEvents binary mode. `event_type` is such as `fleetcast.ping`."""
    headers: Headers = [
        _SPEC_VERSION,
        (CE_ID, event_id.encode()),
        (CE_TYPE, event_type.encode()),
        (CE_SOURCE, source.encode()),
        (CE_TIME, format_rfc3339(time).encode()),
        _CONTENT_TYPE,
    ]
    if traceparent is not None:
        headers.append((TRACEPARENT, traceparent))
    return headers


def channels_header(channels: list[str]) -> tuple[str, bytes]:
    """The header that names a live record's channels."""
    return (CHANNELS, ",".join(channels).encode())


def channels_of(headers: Headers) -> list[str]:
    """The channels that a live record's header names; empty when there is no such header."""
    joined = header(headers, CHANNELS)
    return joined.decode().split(",") if joined else []


def due_at_header(due_at: Micros) -> tuple[str, bytes]:
    """The header that makes a record wait. Raises ValueError for an instant before 1970."""
    if due_at < 0:
        raise ValueError("due before 1970")
    return (DUE_AT, str(due_at).encode())


def due_at_of(record: InRecord) -> Micros | None:
    """Until when a record is to wait; None without the header, and when it does not say an instant: then nobody waits.
    For `GroupOptions.due_at`.
    """
    digits = header(record.headers, DUE_AT)
    if not digits or len(digits) > MAX_DUE_AT_DIGITS or not digits.isdigit():
        return None
    return int(digits)
