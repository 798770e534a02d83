"""The payload of an APNs alert. Source: Apple, "Generating a remote notification"."""

import json
from typing import Any

from msgspec.structs import replace

from domain.notification import Priority
from domain.push_request import PushRequest
from push_service.senders.payloads.shrink import LIMIT, Text, shrunk


def apns_message(push: PushRequest) -> dict[str, Any]:
    """At most 4,096 bytes as `aioapns` writes it. Beside `aps` are `id`, `type`, `about`, and `data` (the app's JSON
    object) where there are; `shortened` is true when something had to be left out. Raises PayloadTooLarge.
    """
    content = push.content
    text = Text(content.title, content.body, None if content.data is None else content.data.decode())
    try:
        message = _message(push, text)
        if len(as_written(message)) <= LIMIT:
            return message
    except UnicodeEncodeError:  # half a surrogate pair in the app's data, which UTF-8 cannot hold
        text = replace(text, data=None, shortened=True)
    fitting: dict[str, Any] = json.loads(shrunk(text, lambda text: as_written(_message(push, text)), LIMIT))
    return fitting


def as_written(message: dict[str, Any]) -> bytes:
    """The very bytes that `aioapns` sends for a message."""
    return json.dumps(message, ensure_ascii=False).encode()


def _message(push: PushRequest, text: Text) -> dict[str, Any]:
    aps: dict[str, Any] = {"alert": {"title": text.title, "body": text.body}}
    if push.content.priority == Priority.HIGH:
        aps["sound"] = "default"
    message: dict[str, Any] = {"aps": aps, "id": push.id, "type": push.content.type}
    if push.content.about is not None:
        message["about"] = push.content.about
    if text.data is not None:
        message["data"] = json.loads(text.data)
    if text.shortened:
        message["shortened"] = True
    return message
