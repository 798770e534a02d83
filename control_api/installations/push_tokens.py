"""What push tokens look like, by provider: so that a mistake is told at once, and not by a provider later."""

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from control_api.problems import BAD_PUSH_TOKEN
from domain.installation import Provider
from runtime.http.faults import fault

_FCM = re.compile(r"[A-Za-z0-9_:-]{20,4096}", re.ASCII)
_APNS = re.compile(r"(?:[0-9A-Fa-f]{2}){32,100}", re.ASCII)
_SNS = re.compile(
    rf"(?!arn:)(?:{_FCM.pattern}|{_APNS.pattern})|"
    r"arn:aws[a-z-]*:sns:[a-z0-9-]{1,32}:[0-9]{12}:endpoint/[A-Za-z_]{1,32}/[A-Za-z0-9_.-]{1,256}/[A-Za-z0-9-]{1,64}",
    re.ASCII,
)
_MAX_ENDPOINT = 2_048
_HERE = ("127.0.0.1", "localhost")


def _of_pattern(pattern: re.Pattern[str], rule: str) -> Callable[[str], None]:
    def check(token: str) -> None:
        if pattern.fullmatch(token) is None:
            raise fault(BAD_PUSH_TOKEN, rule, "/push_token")

    return check


CHECKS: Mapping[Provider, Callable[[str], None]] = {
    Provider.FCM: _of_pattern(_FCM, "a registration token of FCM is 20 to 4,096 of A-Z a-z 0-9 _ : -"),
    Provider.APNS: _of_pattern(_APNS, "a device token of APNs is 64 to 200 hexadecimal digits"),
    Provider.SNS: _of_pattern(
        _SNS,
        "of SNS it is the ARN of an endpoint (arn:aws:sns:REGION:ACCOUNT:endpoint/...), or a token of FCM or APNs, for "
        "which an endpoint is made",
    ),
}
"""Of all providers but Web Push, whose subscriptions are objects."""


def subscription_token(subscription: Mapping[str, Any], hosts: Collection[str]) -> str:
    """A Web Push subscription (W3C Push API, `PushSubscription.toJSON()`) as one text. Raises Faults.

    We send to where it says, so it may name the hosts of push services alone; keys as RFC 8291 section 3.1 has them.
    """
    endpoint, keys = subscription["endpoint"], subscription["keys"]
    _check_endpoint(endpoint, hosts)
    _check_point(keys["p256dh"])
    if len(_decoded(keys["auth"], "/subscription/keys/auth")) != 16:
        raise fault(BAD_PUSH_TOKEN, "auth has 16 bytes", "/subscription/keys/auth")
    told = {"endpoint": endpoint, "keys": {"p256dh": keys["p256dh"], "auth": keys["auth"]}}
    return msgspec.json.encode(told).decode()


def _check_endpoint(endpoint: str, hosts: Collection[str]) -> None:
    where = "/subscription/endpoint"
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        raise fault(BAD_PUSH_TOKEN, "the endpoint is no URL", where) from None
    host = parts.hostname or ""
    if len(endpoint) > _MAX_ENDPOINT or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise fault(BAD_PUSH_TOKEN, f"the endpoint is a URL of up to {_MAX_ENDPOINT} characters", where)
    if not _is_named(host, hosts) or parts.username is not None or "\\" in endpoint:
        raise fault(BAD_PUSH_TOKEN, "the endpoint is at none of the push services that are known here", where)
    if not _is_secure(parts, port, host):
        raise fault(BAD_PUSH_TOKEN, "the endpoint begins with https:// and names no port", where)


def _is_named(host: str, hosts: Collection[str]) -> bool:
    return any(host.endswith(each[1:]) if each.startswith("*.") else host == each for each in hosts)


def _is_secure(parts: SplitResult, port: int | None, host: str) -> bool:
    return host in _HERE or (parts.scheme == "https" and port in (None, 443))


def _check_point(text: str) -> None:
    where = "/subscription/keys/p256dh"
    wrong = fault(BAD_PUSH_TOKEN, "p256dh is a point of P-256, uncompressed: 65 bytes", where)
    point = _decoded(text, where)
    if len(point) != 65:
        raise wrong
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except ValueError:
        raise wrong from None


def _decoded(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise fault(BAD_PUSH_TOKEN, "is not base64url", where) from None
