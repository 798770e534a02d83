"""Pushes that were put off, and how they come back. No I/O.

A notification is told when it comes; its push may have to wait: for the end of the user's quiet hours, or for the end
of a window in which many of its type came. Then its decision is HELD, and one of the requests made here is scheduled. A
timer brings it back as a notification with the phase `push` or `digest`: of such the dispatcher stores and shows
nothing, but hands them to `due_pushes.py`.

Whoever holds a push back puts the same request again when the batch is done again: what is there already stays.
"""

import msgspec

from domain.ids import derived_id
from domain.instants import SECOND, Micros
from domain.notification import NoticeContent, Notification, NotificationRequest, Phase
from domain.templates import ELLIPSIS
from push_service.dispatcher.outbox import Push
from storage.scheduled import ScheduledRequest, digest_id, quiet_id

MAX_BODY = 1_000
"""Characters of a digest's text."""


def quiet_request(held: Notification | Push, until: Micros) -> ScheduledRequest:
    """Brings the push of a held notification back."""
    request = NotificationRequest(
        id=held.id,
        tenant=held.tenant,
        users=[held.user] if held.installation is None else [],
        installation=held.installation,
        phase=Phase.PUSH,
        content=held.content,
    )
    return ScheduledRequest(quiet_id(held.user, held.id), until, request)


def digest_request(tenant: str, user: str, notification_type: str, due_at: Micros) -> ScheduledRequest:
    """Brings one push for all held ones of a type at the end of their window; every one of the window makes the same.

    Its content names the type and, as `created_at`, when it was due: that tells one digest from the next.
    """
    window = due_at // SECOND
    request = NotificationRequest(
        id=derived_id(f"{tenant}/{user}/{notification_type}/{window}", "digest"),
        tenant=tenant,
        users=[user],
        phase=Phase.DIGEST,
        content=NoticeContent(
            type=notification_type, title="", body="", created_at=due_at, accepted_at=due_at, expires_at=due_at
        ),
    )
    return ScheduledRequest(digest_id(user, notification_type, window), due_at, request)


def digest_content(newest: NoticeContent, count: int) -> NoticeContent:
    """What one push tells for `count` notifications: the newest, and how many more there are.

    On a phone it takes the place of the type's last digest.
    """
    if count == 1:
        return newest
    told = newest.body or newest.title
    more = f", and {count - 1} more"
    room = MAX_BODY - len(more)
    return msgspec.structs.replace(
        newest,
        body=(told if len(told) <= room else told[: room - 1] + ELLIPSIS) + more,
        data=msgspec.json.encode({"digest": newest.type, "count": count}),
        collapse_key=f"digest/{newest.type}",
        match_key=None,
        match_version=None,
        about=None,
    )
