"""The notifications that one request makes differ in the user alone: they are encoded once, and cast for each."""

from collections.abc import Iterable, Iterator

import msgspec

from backbone.codec import HEADER, AvroCodec
from backbone.headers import TRACEPARENT, event_headers
from backbone.record import InRecord, OutRecord, header
from backbone.topics import NOTIFICATIONS
from domain.notification import NoticeContent, Notification, NotificationRequest

SOURCE = "/fleetcast/address"


class NotificationMold:
    """Makes the records of `notifications.v1` of one request.

    An Avro record is its fields one after the other (Avro 1.12, "Binary encoding"), and a string is its length and its
    UTF-8 bytes: so all that stands before the user and all that stands behind it is the same for everybody.
    """

    def __init__(self, codec: AvroCodec, request: NotificationRequest, record: InRecord) -> None:
        """Raises PermanentError when the content cannot be written."""
        nobody = Notification(
            id=request.id,
            tenant=request.tenant,
            user="",
            installation=request.installation,
            phase=request.phase,
            content=_content(request),
        )
        whole = codec.encode(NOTIFICATIONS, nobody)
        place = HEADER.size + len(_string(request.id)) + len(_string(request.tenant))
        self._before, self._after = whole[:place], whole[place + len(_string("")) :]
        self._key = f"{request.tenant}/".encode()
        self._headers = event_headers(
            request.id,
            "fleetcast.notification",
            SOURCE,
            request.content.created_at,
            header(record.headers, TRACEPARENT),
        )

    def cast(self, users: Iterable[str]) -> Iterator[OutRecord]:
        """One record for each user, in their order."""
        for user in users:
            yield OutRecord(
                topic=NOTIFICATIONS.name,
                key=self._key + user.encode(),
                value=b"".join((self._before, _string(user), self._after)),
                headers=self._headers,
            )


def _content(request: NotificationRequest) -> NoticeContent:
    """What comes back later is addressed to one user, and still tells which interest it was for."""
    if request.interest is None:
        return request.content
    return msgspec.structs.replace(request.content, interest=request.interest)


def _string(text: str) -> bytes:
    """A string as Avro writes it: its length as a zigzag variable-length integer, then its bytes."""
    encoded = text.encode()
    length = len(encoded) << 1
    if length < 0x80:
        return bytes((length,)) + encoded
    varint = bytearray()
    while length >= 0x80:
        varint.append(length & 0x7F | 0x80)
        length >>= 7
    varint.append(length)
    return bytes(varint) + encoded
