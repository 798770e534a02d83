"""What a service worker is told, and the headers that a push service is told. Source: RFC 8030, section 5."""

import base64
import hashlib
from typing import Any

import msgspec

from domain.instants import SECOND, Micros
from domain.notification import Priority
from domain.push_request import PushRequest
from push_service.senders.payloads.shown_as import shown_as
from push_service.senders.payloads.shrink import Text, shrunk

LIMIT = 3_993
"""Bytes of plain text: encrypted it is the 4,096 that every push service takes (RFC 8291, section 4)."""
LONGEST_TTL = 28 * 86_400
"""Seconds: some push services refuse more."""
_TOPIC_BYTES = 24  # 32 characters, the most that RFC 8030 allows


def webpush_message(push: PushRequest) -> bytes:
    """JSON: `id`, `type`, `title`, `body`, `tag`, and `about` and `data` (the app's JSON) where there are.

    The service worker shows it under `tag`, so that a repeat replaces. `shortened` is true when something had to be
    left out. Raises PayloadTooLarge.
    """
    content = push.content
    text = Text(content.title, content.body, None if content.data is None else content.data.decode())
    return shrunk(text, lambda text: msgspec.json.encode(_message(push, text)), LIMIT)


def webpush_headers(push: PushRequest, now: Micros) -> dict[str, str]:
    """How long a push service keeps it, how urgent it is, and what it replaces while the browser is away: what is shown
    under the same name, and so any earlier attempt.
    """
    seconds = (push.content.expires_at - now) // SECOND
    named = hashlib.sha256(shown_as(push).encode()).digest()[:_TOPIC_BYTES]
    return {
        "TTL": str(max(1, min(LONGEST_TTL, seconds))),
        "Urgency": "high" if push.content.priority == Priority.HIGH else "normal",
        "Topic": base64.urlsafe_b64encode(named).decode(),
    }


def _message(push: PushRequest, text: Text) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": push.id,
        "type": push.content.type,
        "title": text.title,
        "body": text.body,
        "tag": shown_as(push),
    }
    if push.content.about is not None:
        message["about"] = push.content.about
    if text.data is not None:
        message["data"] = msgspec.Raw(text.data.encode())
    if text.shortened:
        message["shortened"] = True
    return message
