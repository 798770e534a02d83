"""The library's message as our value."""

from typing import cast

from confluent_kafka import Message

from backbone.record import Headers, InRecord


def in_record(message: Message) -> InRecord:
    """For messages without an error."""
    return InRecord(
        topic=message.topic() or "",
        partition=cast("int", message.partition()),
        offset=cast("int", message.offset()),
        key=message.key(),
        value=message.value(),
        headers=cast("Headers", message.headers() or []),
        timestamp_ms=message.timestamp()[1],
    )


def size_of(record: InRecord) -> int:
    """Bytes of key and value, for bounds on batches."""
    return len(record.value or b"") + len(record.key or b"")
