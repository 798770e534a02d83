"""The body of an FCM HTTP v1 `messages:send`. Source: Firebase's REST reference, projects.messages."""

from typing import Any

import msgspec

from domain.installation import Platform
from domain.instants import SECOND, Micros
from domain.notification import Priority
from domain.push_request import PushRequest
from push_service.senders.payloads.shown_as import shown_as
from push_service.senders.payloads.shrink import LIMIT, Text, shrunk

LONGEST_TTL = 28 * 86_400
"""Seconds."""


def fcm_body(push: PushRequest, now: Micros) -> bytes:
    """JSON, `{"message": ...}`: `fcm_message` with the push token. Raises PayloadTooLarge."""
    token = msgspec.json.encode(push.push_token)
    return b'{"message":{"token":' + token + b"," + fcm_message(push, now)[1:] + b"}"


def fcm_message(push: PushRequest, now: Micros) -> bytes:
    """The message in JSON without the push token, which FCM does not count either: at most 4,096 bytes.

    All `data` values are strings: `id`, `type`, `about` and `data` (the app's JSON) where there are; `shortened` is `1`
    when something had to be left out. Raises PayloadTooLarge.
    """
    content = push.content
    text = Text(content.title, content.body, None if content.data is None else content.data.decode())
    delivery = _delivery(push, max(1, min(LONGEST_TTL, (content.expires_at - now) // SECOND)))
    return shrunk(text, lambda text: msgspec.json.encode(_message(push, text) | delivery), LIMIT)


def _message(push: PushRequest, text: Text) -> dict[str, Any]:
    data = {"id": push.id, "type": push.content.type}
    if push.content.about is not None:
        data["about"] = push.content.about
    if text.data is not None:
        data["data"] = text.data
    if text.shortened:
        data["shortened"] = "1"
    return {"notification": {"title": text.title, "body": text.body}, "data": data}


def _delivery(push: PushRequest, ttl: int) -> dict[str, Any]:
    """How it travels, and under which name it is shown. FCM keeps but four collapse keys for a phone that is away and
    drops others as it likes: so `collapse_key` only where the notification has one, and `tag` always.
    """
    high = push.content.priority == Priority.HIGH
    name = shown_as(push)
    if push.platform == Platform.IOS:
        headers = {
            "apns-collapse-id": name,
            "apns-priority": "10" if high else "5",
            "apns-expiration": str(push.content.expires_at // SECOND),
        }
        return {"apns": {"headers": headers}}
    if push.platform == Platform.WEB:
        headers = {"TTL": str(ttl), "Urgency": "high" if high else "normal"}
        return {"webpush": {"headers": headers, "notification": {"tag": name}}}
    android: dict[str, Any] = {
        "priority": "HIGH" if high else "NORMAL",
        "ttl": f"{ttl}s",
        "notification": {"tag": name},
    }
    if push.content.collapse_key is not None:
        android["collapse_key"] = name
    return {"android": android}
