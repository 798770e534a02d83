"""Makes notification requests of what came, as records."""

from collections.abc import Mapping, Sequence

from backbone.codec import AvroCodec
from backbone.headers import TRACEPARENT, event_headers
from backbone.record import InRecord, OutRecord, header
from backbone.topics import NOTIFICATION_REQUESTS
from domain.entity_status import EntityStatus
from domain.fleet_event import EventKind, FleetEvent
from domain.instants import Micros
from domain.notice_rules import notices_of_assignment, notices_of_event, notices_of_status
from domain.notification import NotificationRequest
from domain.notification_types import NotificationTypes
from domain.reference import ReferenceRecord
from domain.status_change import StatusChange

SOURCE = "/fleetcast/route"


class Notices:
    """Methods raise PermanentError when a request cannot be written."""

    def __init__(self, codec: AvroCodec, types: NotificationTypes) -> None:
        self._codec = codec
        self._types = types

    def of_status(self, change: StatusChange, record: InRecord, now: Micros) -> list[OutRecord]:
        """Of a change that moves the status."""
        return self._records(notices_of_status(change, self._types, now), record)

    def of_event(
        self, event: FleetEvent, statuses: Mapping[str, EntityStatus], record: InRecord, now: Micros
    ) -> list[OutRecord]:
        """Of a fleet event. An order that was delivered is not late, whatever is still on board by the assignments."""
        status = statuses.get(order_name(event)) if event.kind is EventKind.LATE else None
        if status is not None and status.final:
            return []
        return self._records(notices_of_event(event, self._types, now), record)

    def of_assignment(self, assigned: ReferenceRecord, record: InRecord, now: Micros) -> list[OutRecord]:
        """Of an entry of the reference data."""
        return self._records(notices_of_assignment(assigned, self._types, now), record)

    def _records(self, requests: Sequence[NotificationRequest], record: InRecord) -> list[OutRecord]:
        traceparent = header(record.headers, TRACEPARENT)
        return [
            OutRecord(
                topic=NOTIFICATION_REQUESTS.name,
                key=request.key.encode(),
                value=self._codec.encode(NOTIFICATION_REQUESTS, request),
                headers=event_headers(
                    request.id, "fleetcast.notification-request", SOURCE, request.content.created_at, traceparent
                ),
            )
            for request in requests
        ]


def order_name(event: FleetEvent) -> str:
    """`FLEET/ENTITY` of the order that an event is about."""
    return f"{event.order_fleet or event.fleet}/order/{event.order}"
