"""Records to Kafka, with the headers that every event has."""

from collections.abc import Sequence

import msgspec

from backbone.codec import AvroCodec
from backbone.headers import event_headers
from backbone.publishing import AsyncPublishing, PublishFailed
from backbone.record import Ack, OutRecord
from backbone.topics import REFERENCE, Topic
from domain.ids import event_id
from domain.instants import Micros
from domain.reference import ReferenceRecord
from ingest.intake import Event
from runtime.trace import new_trace, parse_traceparent

Outcome = Ack | PublishFailed


class EventPublisher:
    """Encodes events and publishes them; an answer comes only after Kafka's."""

    def __init__(self, publisher: AsyncPublishing, codec: AvroCodec) -> None:
        self._publisher = publisher
        self._codec = codec

    async def publish(
        self, topic: Topic, event_type: str, events: Sequence[Event], source: str, traceparent: str | None
    ) -> list[Outcome]:
        """One answer for each event, in their order."""
        trace = next_hop(traceparent)
        records = []
        for event in events:
            assert isinstance(event, msgspec.Struct)
            headers = event_headers(event.id, event_type, source, event.time, trace)
            records.append(OutRecord(topic.name, event.key.encode(), self._codec.encode(topic, event), headers))
        return await self._publisher.publish(records)

    async def publish_reference(self, record: ReferenceRecord, source: str, traceparent: str | None) -> Outcome:
        """Keeps an entry of reference data."""
        value = self._codec.encode(REFERENCE, record)
        return await self._one_reference(record.key, value, record.updated_at, source, traceparent)

    async def delete_reference(self, key: str, now: Micros, source: str, traceparent: str | None) -> Outcome:
        """Deletes an entry: a record without a value, which compaction removes after a day."""
        return await self._one_reference(key, None, now, source, traceparent)

    async def _one_reference(
        self, key: str, value: bytes | None, time: Micros, source: str, traceparent: str | None
    ) -> Outcome:
        kind = "fleetcast.reference" if value is not None else "fleetcast.reference-deleted"
        headers = event_headers(event_id(key, time), kind, source, time, next_hop(traceparent))
        (outcome,) = await self._publisher.publish([OutRecord(REFERENCE.name, key.encode(), value, headers)])
        return outcome


def next_hop(traceparent: str | None) -> bytes:
    """The `traceparent` of what a request causes: in the caller's trace, else in a new one."""
    parent = None if traceparent is None else parse_traceparent(traceparent)
    return str(new_trace() if parent is None else parent.child()).encode()
