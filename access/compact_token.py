"""The compact form of a signed token (RFC 7515 section 3.1): three base64url parts with dots between.

Read here and not by PyJWT, whose `decode` prepares the key and looks at each character anew for every token: for HS256
it took 33 us where a whole `TokenVerifier.verify` takes 13. What signs and checks is PyJWT's all the same. Verified
tokens are not kept: RS256 takes 40 us and ES256 95, and who comes back mostly comes to another gateway.
"""

import base64
import binascii
import re
from typing import Any

import msgspec

from access.token_error import TokenError, TokenFault

MAX_TOKEN_CHARACTERS = 8_192
MAX_KEY_ID_CHARACTERS = 256
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)


class CompactToken(msgspec.Struct, frozen=True):
    """A token, read and not yet believed."""

    algorithm: str
    key_id: str | None
    """The header's `kid`."""
    signed: bytes
    """What the signature is over."""
    payload: bytes
    """The claims, as JSON."""
    signature: bytes


class _Header(msgspec.Struct):
    alg: str
    kid: str | None = None
    crit: Any = None
    b64: Any = True


def read_token(text: str) -> CompactToken:
    """Takes a token apart. Raises TokenError: malformed."""
    if len(text) > MAX_TOKEN_CHARACTERS:
        raise TokenError(TokenFault.MALFORMED, f"a token has at most {MAX_TOKEN_CHARACTERS} characters")
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        raise _malformed()
    try:
        head, payload, signature = (_decoded(part) for part in parts.groups())
        header = msgspec.json.decode(head, type=_Header)
    except (binascii.Error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _malformed() from None
    # RFC 7515 section 4.1.11: who does not understand what is critical refuses the token. We understand none.
    if header.crit is not None or header.b64 is not True:
        raise TokenError(TokenFault.MALFORMED, "the token needs an extension that is not understood here")
    if header.kid is not None and len(header.kid) > MAX_KEY_ID_CHARACTERS:
        raise TokenError(TokenFault.MALFORMED, f"a key's id has at most {MAX_KEY_ID_CHARACTERS} characters")
    signed = text[: parts.end(2)].encode()
    return CompactToken(header.alg, header.kid, signed, payload, signature)


def encoded_part(data: bytes) -> str:
    """A part of a token: base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _malformed() -> TokenError:
    return TokenError(TokenFault.MALFORMED, "this is not a JSON Web Token")
