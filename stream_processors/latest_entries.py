"""The entries of `fleet.latest.v1`, read whole: what channels showed last, and where in the live topic that stands."""

from collections.abc import Iterator

import msgspec
import structlog

from backbone.codec import AvroCodec
from backbone.headers import LATEST_OF_PARTITION, LATEST_OF_TIME, LATEST_OF_TOPIC_ID
from backbone.record import InRecord, header
from backbone.topics import LATEST
from domain.errors import PermanentError
from domain.live_update import LiveUpdate
from stream_processors.history import History, told

log = structlog.get_logger(__name__)

LivePlace = tuple[str, int]
"""A partition of the live topic: (topic id, number)."""


class LatestEntry(msgspec.Struct, frozen=True):
    """One entry, and the live record whose bytes it holds."""

    update: LiveUpdate
    live_place: LivePlace
    live_ms: int
    """The live record's timestamp."""


def latest_entries(history: History, codec: AvroCodec, channel_kind: str, kind: str) -> Iterator[LatestEntry]:
    """The entries of one kind on channels of one kind, the newest of each key last. Raises OutageError.

    One that cannot be read is told and left out: what it said is then taken from the records that follow it.
    """
    begins, holds = f"{channel_kind}:".encode(), f"/{kind}/".encode()
    for partition in range(history.partitions(LATEST.name)):
        for record in told(history.since(LATEST.name, partition, None), "reading what was shown last"):
            key = record.key or b""
            if record.value is None or not key.startswith(begins) or holds not in key:
                continue
            entry = _entry(codec, record, record.value)
            if entry is not None:
                yield entry


def _entry(codec: AvroCodec, record: InRecord, value: bytes) -> LatestEntry | None:
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    topic_id, partition, live_ms = (
        header(record.headers, name) for name in (LATEST_OF_TOPIC_ID, LATEST_OF_PARTITION, LATEST_OF_TIME)
    )
    if topic_id is None or partition is None or live_ms is None:
        log.error("left out an entry that does not name its live record", **place)
        return None
    try:
        update = codec.decode(value, LiveUpdate)
    except PermanentError as error:
        log.warning("left out an entry that cannot be read", **place, why=str(error))
        return None
    return LatestEntry(update, (topic_id.decode(), int(partition)), int(live_ms))
