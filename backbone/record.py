"""Kafka records as values: what we produce, and what we receive. No I/O."""

import msgspec

Headers = list[tuple[str, bytes]]


class OutRecord(msgspec.Struct, frozen=True):
    """A record to produce. The partition follows from the key (murmur2, as Java's default), unless it is given."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = []
    partition: int | None = None


class Ack(msgspec.Struct, frozen=True):
    """Where the broker has put a record."""

    topic: str
    partition: int
    offset: int


class InRecord(msgspec.Struct, frozen=True):
    """A record as received."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int
    """The record's Kafka timestamp (milliseconds since the epoch): when it was produced."""


def header(headers: Headers, name: str) -> bytes | None:
    """The last value of a header, as Kafka defines it for repeated names; None when it is absent."""
    for key, value in reversed(headers):
        if key == name:
            return value
    return None
