"""What subscribers of a user's own channel are told of notifications: the payloads, made in this file alone."""

from typing import Any

import msgspec

from domain.instants import SECOND, Micros, format_rfc3339
from domain.notification import NoticeContent

NOTIFICATION = "notification"
"""The kind of a live update that shows a notification."""
INBOX = "inbox"
"""The kind of a live update that tells what was done in the inbox on another device."""
TYPING = "typing"
"""The kind of a live update that tells that somebody is writing."""


def notification_payload(
    notification_id: str, content: NoticeContent, *, seq: int | None, replaces: str | None
) -> bytes:
    """JSON. `seq` is its place in the inbox; `replaces` is the id of the notification that it takes the place of."""
    told: dict[str, Any] = {
        "kind": NOTIFICATION,
        "id": notification_id,
        "seq": seq,
        "type": content.type,
        "title": content.title,
        "body": content.body,
        "data": None if content.data is None else msgspec.Raw(content.data),
        "priority": content.priority,
        "time": format_rfc3339(content.created_at),
        "about": content.about,
        "match_key": content.match_key,
        "match_version": content.match_version,
        "replaces": replaces,
    }
    return msgspec.json.encode(told)


def inbox_payload(event: str, *, ids: list[str], up_to: int | None, unread: int, at: Micros) -> bytes:
    """JSON. `event` is `read` or `archived`; of `ids`, or of all with a `seq` up to `up_to`."""
    return msgspec.json.encode(
        {"kind": INBOX, "event": event, "ids": ids, "up_to": up_to, "unread": unread, "time": format_rfc3339(at)}
    )


TYPING_SECONDS = 6
"""For so long it is to be shown that somebody is writing, unless it is told again."""


def typing_payload(user: str, *, about: str | None, at: Micros) -> bytes:
    """JSON. `about`: the interest that the talk is about."""
    return msgspec.json.encode(
        {
            "kind": TYPING,
            "user": user,
            "about": about,
            "time": format_rfc3339(at),
            "until": format_rfc3339(at + TYPING_SECONDS * SECOND),
        }
    )
