"""The claims of viewers' tokens, as they are written: RFC 7519 section 4.1, Centrifugo's, and ours.

Claims that are not named here are ignored. Of Centrifugo's those are `meta`, `b64info` (what clients see is JSON) and
what `subs` says beyond names.
"""

import msgspec

from access.token_error import TokenError, TokenFault

MAX_INFO_BYTES = 4_096
MAX_ID_CHARACTERS = 256
MAX_TIME = 253_402_300_799
"""The end of the year 9999, in seconds."""
Seconds = int | float


class TokenClaims(msgspec.Struct, kw_only=True):
    """What tokens of connections and of subscriptions have in common. Times are seconds since the epoch."""

    sub: str = ""
    tenant: str | None = None
    exp: Seconds | None = None
    expire_at: Seconds | None = None
    """When the connection or subscription ends, if that is not `exp`; 0: never."""
    iat: Seconds | None = None
    nbf: Seconds | None = None
    aud: str | list[str] | None = None
    iss: str | None = None
    jti: str | None = None
    info: msgspec.Raw = msgspec.Raw()


class CapClaim(msgspec.Struct):
    """An entry of `caps`."""

    channels: list[str]
    allow: list[str]
    match: str = ""


class ConnectionClaims(TokenClaims, kw_only=True):
    """Of a connection's token."""

    fleets: list[str] = []
    capabilities: list[str] | None = None
    caps: list[CapClaim] | None = None
    channels: list[str] = []
    subs: dict[str, msgspec.Raw] = {}
    channel: str | None = None
    """Not one of its claims: whoever has it is a subscription's token, and connects nobody."""


class SubscriptionClaims(TokenClaims, kw_only=True):
    """Of a subscription's token."""

    channel: str
    client: str | None = None
    """The one connection that it is for."""
    allow: list[str] | None = None


def read_info(raw: msgspec.Raw) -> bytes | None:
    """The `info` claim as JSON without white space; None if there is none. Raises TokenError."""
    if not bytes(raw):
        return None
    try:
        info = msgspec.json.encode(msgspec.json.decode(raw))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise bad_claim("info is not JSON") from None
    if len(info) > MAX_INFO_BYTES:
        raise bad_claim(f"info has more than {MAX_INFO_BYTES} bytes")
    return None if info == b"null" else info


def bad_claim(detail: str) -> TokenError:
    """The error for a claim that is not what it should be."""
    return TokenError(TokenFault.BAD_CLAIMS, detail)
