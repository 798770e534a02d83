"""Records of `notifications.v1` as notifications that can be stored, shown and pushed; others are dead letters."""

import re

import msgspec

from backbone.codec import AvroCodec
from backbone.record import InRecord
from domain.errors import PermanentError
from domain.ids import ID_RULE, is_id
from domain.notification import NoticeContent, Notification, Phase, is_app_data
from domain.source_position import SourcePosition

MAX_KEY = 256
"""Characters of a match key: it stands in an index, whose entries are bounded."""
LAST_INSTANT = 7_258_118_400_000_000
"""The year 2200: what is later is a mistake, and would not fit everywhere."""

_PHASES = frozenset(Phase)
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


class BadNotification(PermanentError):
    """It cannot be told. `reason` is `bad_notification`; the detail names the field."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__("bad_notification", f"{field}: {rule}")


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
        raise BadNotification("id, tenant or user", ID_RULE)
    if told.installation is not None and not is_id(told.installation):
        raise BadNotification("installation", ID_RULE)
    if told.phase not in _PHASES:
        raise BadNotification("phase", "unknown")
    content = told.content
    if _TYPE.fullmatch(content.type) is None:
        raise BadNotification("content.type", "not the name of a type")
    if content.match_key is not None and len(content.match_key) > MAX_KEY:
        raise BadNotification("content.match_key", f"longer than {MAX_KEY} characters")
    _check_instants(content)
    _check_texts(content)
    if content.data is not None and not is_app_data(content.data):
        raise BadNotification("content.data", "not a JSON object")


def _check_instants(content: NoticeContent) -> None:
    for instant in (content.created_at, content.accepted_at, content.expires_at):
        if not 0 <= instant < LAST_INSTANT:
            raise BadNotification("content", "an instant before 1970 or after 2199")


def _check_texts(content: NoticeContent) -> None:
    """PostgreSQL has no NUL. `type` has none by its rule."""
    texts = [content.title, content.body, content.priority]
    texts += [
        text for text in (content.interest, content.collapse_key, content.match_key, content.about) if text is not None
    ]
    if "\0" in "".join(texts):
        raise BadNotification("content", "text with a NUL character")
