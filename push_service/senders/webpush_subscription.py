"""Web Push subscriptions. They come from users, and we send to where they say: so they are not trusted."""

import base64
import binascii
from typing import NamedTuple

import msgspec
from yarl import URL

HERE = ("127.0.0.1", "localhost")
LONGEST_ENDPOINT = 2_048


class BadSubscription(Exception):
    """It cannot be sent to. The text says why, without quoting it."""


class Subscription(NamedTuple):
    """Where one browser is reached, and for whom it is encrypted."""

    url: URL
    audience: str
    """Whom a VAPID token is for: scheme, host and port."""
    key: bytes
    """The browser's public key, an uncompressed point of P-256."""
    secret: bytes


class _Keys(msgspec.Struct, frozen=True):
    p256dh: str
    auth: str


class _Told(msgspec.Struct, frozen=True):
    endpoint: str
    keys: _Keys


def read_subscription(push_token: str, *, loopback: bool) -> Subscription:
    """The subscription in a push token (JSON). With `loopback` it may be this machine. Raises BadSubscription."""
    try:
        told = msgspec.json.decode(push_token, type=_Told)
        key, secret = _decoded(told.keys.p256dh), _decoded(told.keys.auth)
        url = URL(told.endpoint[: LONGEST_ENDPOINT + 1])
        port = url.port
    except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
        raise BadSubscription("not a subscription in JSON") from error
    if len(key) != 65 or len(secret) != 16:
        raise BadSubscription("keys of a wrong length")
    host = url.host or ""
    if len(told.endpoint) > LONGEST_ENDPOINT or url.user is not None:
        raise BadSubscription("not an endpoint")
    if not (loopback and host in HERE and url.scheme in ("http", "https")):
        _check_public(url, host, port)
    return Subscription(url.with_fragment(None), f"{url.scheme}://{url.host_port_subcomponent or host}", key, secret)


def _check_public(url: URL, host: str, port: int | None) -> None:
    """That names do not lead to private addresses is seen when they are resolved (`public_resolver.py`)."""
    if url.scheme != "https" or port != 443:
        raise BadSubscription("the endpoint is not https on its usual port")
    if "." not in host or host.replace(".", "").isdigit() or ":" in host:
        raise BadSubscription("the endpoint's host is not a public name")


def _decoded(text: str) -> bytes:
    bare = text.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
