"""Reads a notification request from a record."""

from backbone.codec import AvroCodec
from backbone.record import InRecord
from domain.errors import PermanentError
from domain.ids import is_id
from domain.interests import is_interest
from domain.notice_limits import content_fault
from domain.notification import NoticeContent, NotificationRequest, Phase, Priority
from stream_processors.legal_values import is_instant, refuse_unless

MAX_USERS = 10_000
MAX_REQUEST_BYTES = 512 * 1024
"""A notification is as large as its request: one that Kafka would refuse must not be tried for each follower."""
_PHASES = frozenset(Phase)
_PRIORITIES = frozenset(Priority)


def read_request(codec: AvroCodec, record: InRecord) -> NotificationRequest:
    """The request of a record. Raises PermanentError when it can never be read, OutageError without the registry."""
    value = record.value or b""
    if len(value) > MAX_REQUEST_BYTES:
        raise PermanentError("too_large", f"{len(value)} bytes, of {MAX_REQUEST_BYTES} at most")
    request = codec.decode(value, NotificationRequest)
    addressed = [request.users != [], request.installation is not None, request.interest is not None]
    refuse_unless(
        (
            ("id", is_id(request.id)),
            ("tenant", is_id(request.tenant)),
            ("users, installation or interest: one of them", addressed.count(True) == 1),
            ("users", len(request.users) <= MAX_USERS and all(map(is_id, request.users))),
            ("installation", request.installation is None or is_id(request.installation)),
            ("interest", request.interest is None or is_interest(request.interest)),
            ("send_at", request.send_at is None or is_instant(request.send_at)),
            ("after", request.after is None or is_id(request.after)),
            ("phase", request.phase in _PHASES),
        )
    )
    _check(request.content)
    return request


def _check(content: NoticeContent) -> None:
    """All that the dispatcher will not take either: here it is one dead letter, there one for each follower."""
    fault = content_fault(content)
    if fault is None and content.priority not in _PRIORITIES:
        fault = "content.priority: unknown"
    if fault is not None:
        raise PermanentError("malformed_record", fault)
