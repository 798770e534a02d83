"""Names of gateways, as connect results give them to clients: with the address where other gateways reach them, sealed.

A client sends the name back with every command, perhaps to another gateway. The seal is why that one may believe it:
nobody else can make it send requests to an address of his own.
"""

import base64
import binascii
import hashlib
import hmac

MAX_NAME = 512
_SEAL_BYTES = 16


def node_name(node: str, url: str, key: bytes) -> str:
    """`node`, an id without a dot, and its address. Without an address it is the id alone."""
    if not url:
        return node
    return ".".join((node, _text(url.encode()), _text(_seal(node, url, key))))


def address_in(name: str, key: bytes) -> str | None:
    """The address in a name that was made with the key; None for any other text."""
    parts = name.split(".")
    if not key or len(name) > MAX_NAME or len(parts) != 3:
        return None
    try:
        url = base64.urlsafe_b64decode(parts[1]).decode()
        seal = base64.urlsafe_b64decode(parts[2])
    except (binascii.Error, ValueError):
        return None
    return url if hmac.compare_digest(seal, _seal(parts[0], url, key)) else None


def _seal(node: str, url: str, key: bytes) -> bytes:
    return hmac.digest(key, f"{node} {url}".encode(), hashlib.sha256)[:_SEAL_BYTES]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
