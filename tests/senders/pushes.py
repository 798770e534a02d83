"""Push requests for tests."""

import secrets
import time
from typing import Any

import msgspec

from domain.instants import HOUR, SECOND, Micros
from domain.notification import NoticeContent, Priority
from domain.push_request import PushRequest

PLATFORMS = {"fcm": "android", "apns": "ios", "sns": "android", "webpush": "web"}


def now() -> Micros:
    return time.time_ns() // 1000


def content(**changes: Any) -> NoticeContent:
    at = now()
    made = NoticeContent(
        type="order_status",
        title="Order A-1001",
        body="is loaded",
        priority=Priority.HIGH,
        created_at=at,
        accepted_at=at,
        expires_at=at + HOUR,
    )
    return msgspec.structs.replace(made, **changes)


def push(provider: str = "fcm", *, told: NoticeContent | None = None, **changes: Any) -> PushRequest:
    """A request to an installation that registered a minute ago; every one has an id and an installation of its own."""
    name = secrets.token_hex(8)
    made = PushRequest(
        id=f"n-{name}",
        tenant="acme",
        user=f"u-{name}",
        installation=f"i-{name}",
        provider=provider,
        platform=PLATFORMS[provider],
        push_token=f"{provider}{name}",
        token_at=now() - 60 * SECOND,
        environment="production" if provider == "apns" else None,
        model="Pixel 9",
        app_version="1.2.3",
        queued_at=now(),
        content=told or content(),
    )
    return msgspec.structs.replace(made, **changes)
