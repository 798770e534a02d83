"""All that subscribers were shown last, from Kafka alone: what lost state is made of.

`fleet.latest.v1` holds the latest update of each entity, up to what the recorder has yet to write. It writes positions
every 10 seconds of the live stream's own time, so the end of each live partition, from three times as long before the
newest entry on, has the rest: seconds of it, or as much as the recorder is behind.
"""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec
import structlog

from backbone.codec import AvroCodec
from backbone.headers import LATEST_OF_PARTITION, LATEST_OF_TIME
from backbone.lookups import Place
from backbone.record import InRecord, header
from backbone.topic_scan import Range, Scanning
from backbone.topics import LATEST, LIVE
from domain.channels import ChannelKind
from domain.errors import PermanentError
from domain.live_update import LiveUpdate

log = structlog.get_logger(__name__)

P = TypeVar("P")

REPLAY_MS = 30_000
TELL_EVERY = 5.0  # seconds between two lines of progress


def shown_updates(scan: Scanning, codec: AvroCodec, kind: str, payload: type[P]) -> Iterator[tuple[LiveUpdate, P]]:
    """The full updates of one kind that processors made, of every entity at least the last; some come repeatedly.

    One that cannot be read is told and left out. Raises OutageError.
    """
    newest_ms: dict[Place, int] = {}
    begins, holds = f"{ChannelKind.FLEET}:".encode(), f"/{kind}/".encode()
    for record in told(scan.read(scan.whole(LATEST.name)), "reading what was shown last"):
        _note_live_time(record, newest_ms)
        key = record.key or b""
        # A full update is on its fleet's channel and on others: one entry of it is enough.
        if key.startswith(begins) and holds in key:
            yield from _update(codec, record, kind, payload)
    for record in told(scan.read(_live_ends(scan, newest_ms)), "reading what was shown since"):
        yield from _update(codec, record, kind, payload)


def told(batches: Iterable[list[InRecord]], doing: str) -> Iterator[InRecord]:
    """The records one by one, with a line of progress in the log now and then."""
    tell_at = time.monotonic() + TELL_EVERY
    count = 0
    for batch in batches:
        yield from batch
        count += len(batch)
        if time.monotonic() >= tell_at:
            log.info(doing, records=count)
            tell_at = time.monotonic() + TELL_EVERY


def _note_live_time(record: InRecord, newest_ms: dict[Place, int]) -> None:
    partition, live_ms = header(record.headers, LATEST_OF_PARTITION), header(record.headers, LATEST_OF_TIME)
    if partition is not None and live_ms is not None:
        place = (LIVE.name, int(partition))
        newest_ms[place] = max(newest_ms.get(place, 0), int(live_ms))


def _live_ends(scan: Scanning, newest_ms: dict[Place, int]) -> dict[Place, Range]:
    """A partition that no entry names is read whole: the recorder has not got to it yet."""
    places = {(LIVE.name, number) for number in range(scan.partitions(LIVE.name))}
    ranges = scan.since({place: max(0, ms - REPLAY_MS) for place, ms in newest_ms.items() if place in places})
    return ranges | scan.to_end(dict.fromkeys(places - ranges.keys(), 0))


def _update(codec: AvroCodec, record: InRecord, kind: str, payload: type[P]) -> Iterator[tuple[LiveUpdate, P]]:
    if record.value is None:
        return
    try:
        update = codec.decode(record.value, LiveUpdate)
        if update.kind == kind and update.source is not None and update.source.index == 0:
            yield update, msgspec.json.decode(update.payload, type=payload)
    except (PermanentError, msgspec.DecodeError) as error:
        place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        log.warning("left out what cannot be read", **place, why=str(error))
