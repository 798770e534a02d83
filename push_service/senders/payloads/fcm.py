"""The body of an FCM HTTP v1 `messages:send`. Source: Firebase's REST reference, projects.messages."""

import msgspec

from domain.installation import Platform
from domain.instants import SECOND, Micros
from domain.notification import Priority
from domain.push_request import PushRequest
from push_service.senders.payloads.shown_as import shown_as
from push_service.senders.payloads.shrink import LIMIT, Text, shrunk

LONGEST_TTL = 28 * 86_400
"""Seconds."""
_encode = msgspec.json.Encoder().encode


class _Shown(msgspec.Struct):
    title: str
    body: str


class _Data(msgspec.Struct, omit_defaults=True):
    id: str
    type: str
    about: str | None = None
    data: str | None = None
    shortened: str | None = None


class _Tag(msgspec.Struct):
    tag: str


class _Android(msgspec.Struct, omit_defaults=True):
    priority: str
    ttl: str
    notification: _Tag
    collapse_key: str | None = None


class _Apns(msgspec.Struct):
    headers: dict[str, str]


class _Web(msgspec.Struct):
    headers: dict[str, str]
    notification: _Tag


class _Message(msgspec.Struct, omit_defaults=True):
    notification: _Shown
    data: _Data
    android: _Android | None = None
    apns: _Apns | None = None
    webpush: _Web | None = None


def fcm_body(push: PushRequest, now: Micros) -> bytes:
    """JSON, `{"message": ...}`: `fcm_message` with the push token. Raises PayloadTooLarge."""
    return b'{"message":{"token":' + _encode(push.push_token) + b"," + fcm_message(push, now)[1:] + b"}"


def fcm_message(push: PushRequest, now: Micros) -> bytes:
    """The message in JSON without the push token, which FCM does not count either: at most 4,096 bytes.

    All `data` values are strings: `id`, `type`, `about` and `data` (the app's JSON) where there are; `shortened` is `1`
    when something had to be left out. Raises PayloadTooLarge.
    """
    content = push.content
    text = Text(content.title, content.body, None if content.data is None else content.data.decode())
    ttl = max(1, min(LONGEST_TTL, (content.expires_at - now) // SECOND))
    return shrunk(text, lambda text: _encode(_message(push, text, ttl)), LIMIT)


def _message(push: PushRequest, text: Text, ttl: int) -> _Message:
    """FCM keeps but four collapse keys for a phone that is away and drops others as it likes: so `collapse_key` only
    where the notification has one, and `tag`, the name under which it is shown, always.
    """
    content, name = push.content, shown_as(push)
    high = content.priority == Priority.HIGH
    shown = _Shown(text.title, text.body)
    data = _Data(push.id, content.type, content.about, text.data, "1" if text.shortened else None)
    if push.platform == Platform.IOS:
        headers = {
            "apns-collapse-id": name,
            "apns-priority": "10" if high else "5",
            "apns-expiration": str(content.expires_at // SECOND),
        }
        return _Message(shown, data, apns=_Apns(headers))
    if push.platform == Platform.WEB:
        headers = {"TTL": str(ttl), "Urgency": "high" if high else "normal"}
        return _Message(shown, data, webpush=_Web(headers, _Tag(name)))
    collapse_key = None if content.collapse_key is None else name
    return _Message(shown, data, _Android("HIGH" if high else "NORMAL", f"{ttl}s", _Tag(name), collapse_key))
