"""The pushes that are sent."""

import base64
import json
import secrets
import time

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.instants import HOUR
from domain.notification import NoticeContent, Priority
from domain.push_request import PushRequest

COUNT = 1_000
PLATFORMS = {"fcm": "android", "apns": "ios", "sns": "android", "webpush": "web"}
_APPLICATION = "arn:aws:sns:eu-central-1:123456789012:endpoint/GCM/driver"


def pushes(provider: str, answers: str) -> list[PushRequest]:
    """To as many installations; `answers` is the address of the push service."""
    return [_push(provider, _token(provider, answers, number), number) for number in range(COUNT)]


def _push(provider: str, token: str, number: int) -> PushRequest:
    now = time.time_ns() // 1000
    content = NoticeContent(
        type="order_status",
        title=f"Order A-{number}",
        body="is loaded, and on its way to you",
        data=json.dumps({"order": f"A-{number}", "status": "loaded", "eta": "2026-11-21T16:00:00Z"}).encode(),
        priority=Priority.HIGH,
        created_at=now,
        accepted_at=now,
        expires_at=now + HOUR,
        about=f"acme/order/A-{number}",
    )
    return PushRequest(
        id=f"n-{number}-{secrets.token_hex(8)}",
        tenant="acme",
        user=f"u-{number}",
        installation=f"i-{number}",
        provider=provider,
        platform=PLATFORMS[provider],
        push_token=token,
        token_at=now,
        environment="production" if provider == "apns" else None,
        queued_at=now,
        content=content,
    )


def _token(provider: str, answers: str, number: int) -> str:
    match provider:
        case "sns":
            return f"{_APPLICATION}/{number:08d}-3183-3f18-a7e8-671c3a57d4b3"
        case "webpush":
            return _subscription(f"{answers}/push/{number}-{secrets.token_urlsafe(100)}")
    return secrets.token_hex(32)


def _subscription(endpoint: str) -> str:
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    keys = {
        "p256dh": _text(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
        "auth": _text(secrets.token_bytes(16)),
    }
    return json.dumps({"endpoint": endpoint, "keys": keys})


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
