"""Records of `notifications.v1` as notifications that can be stored, shown and pushed; others are dead letters."""

import msgspec

from backbone.codec import AvroCodec
from backbone.record import InRecord
from domain.errors import PermanentError
from domain.ids import ID_RULE, is_id
from domain.notice_limits import content_fault
from domain.notification import Notification, Phase
from domain.source_position import SourcePosition

_PHASES = frozenset(Phase)


class BadNotification(PermanentError):
    """It cannot be told. `reason` is `bad_notification`; the detail names the field."""

    def __init__(self, fault: str) -> None:
        super().__init__("bad_notification", fault)


class Incoming(msgspec.Struct, frozen=True):
    """A notification and the record that brings it."""

    record: InRecord
    told: Notification
    topic_id: str

    @property
    def place(self) -> str:
        """Where it comes from, as it is stored: `topic id/partition/offset`."""
        return f"{self.topic_id}/{self.record.partition}/{self.record.offset}"

    @property
    def source(self) -> SourcePosition:
        """The same, as a live update says it."""
        return SourcePosition(self.record.topic, self.topic_id, self.record.partition, self.record.offset)


def read_notification(codec: AvroCodec, record: InRecord, topic_id: str) -> Incoming:
    """Raises PermanentError for what can never be told, OutageError while the registry is away."""
    told = codec.decode(record.value or b"", Notification)
    check_notification(told)
    return Incoming(record, told, topic_id)


def check_notification(told: Notification) -> None:
    """What the schema does not say. Raises BadNotification."""
    if not (is_id(told.id) and is_id(told.tenant) and is_id(told.user)):
        raise BadNotification(f"id, tenant or user: {ID_RULE}")
    if told.installation is not None and not is_id(told.installation):
        raise BadNotification(f"installation: {ID_RULE}")
    if told.phase not in _PHASES:
        raise BadNotification("phase: unknown")
    fault = content_fault(told.content)
    if fault is not None:
        raise BadNotification(fault)
