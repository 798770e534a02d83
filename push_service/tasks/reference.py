"""Reference data, read whole."""

from collections.abc import Iterator

import structlog

from backbone.codec import AvroCodec
from backbone.record import InRecord
from backbone.topic_scan import Scanning
from backbone.topics import REFERENCE
from domain.errors import PermanentError
from domain.reference import ReferenceRecord

log = structlog.get_logger(__name__)


def read_reference(scan: Scanning, codec: AvroCodec) -> Iterator[ReferenceRecord]:
    """The last word for each entry, as it is now. One that cannot be read is told and passed over.

    Raises OutageError.
    """
    last: dict[bytes, InRecord] = {}
    for batch in scan.read(scan.whole(REFERENCE.name)):
        for record in batch:
            key = record.key or b""
            if record.value is None:
                last.pop(key, None)
            else:
                last[key] = record
    for record in last.values():
        try:
            yield codec.decode(record.value or b"", ReferenceRecord)
        except PermanentError as error:
            log.warning("reference entry passed over", partition=record.partition, offset=record.offset, why=str(error))
