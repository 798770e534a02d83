"""The compact form of a signed token (RFC 7515 section 3.1): three base64url parts with dots between.

Read here and not by PyJWT, whose `decode` prepares the key and looks at each character anew for every token: for HS256
it took 33 us where a whole `TokenVerifier.verify` takes 11. RS256 and ES256 are checked by PyJWT all the same. Verified
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
_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")


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


_HEADER = msgspec.json.Decoder(_Header)


def read_token(text: str) -> CompactToken:
    """Takes a token apart. Raises TokenError: malformed."""
    if len(text) > MAX_TOKEN_CHARACTERS:
        raise TokenError(TokenFault.MALFORMED, f"a token has at most {MAX_TOKEN_CHARACTERS} characters")
    raw = text.encode(errors="replace")
    parts = _COMPACT.fullmatch(raw)
    if parts is None:
        raise _malformed()
    try:
        head, payload, signature = map(_decoded, parts.groups())
        header = _HEADER.decode(head)
    except (binascii.Error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _malformed() from None
    # RFC 7515 section 4.1.11: who does not understand what is critical refuses the token. We understand none.
    if header.crit is not None or header.b64 is not True:
        raise TokenError(TokenFault.MALFORMED, "the token needs an extension that is not understood here")
    if header.kid is not None and len(header.kid) > MAX_KEY_ID_CHARACTERS:
        raise TokenError(TokenFault.MALFORMED, f"a key's id has at most {MAX_KEY_ID_CHARACTERS} characters")
    return CompactToken(header.alg, header.kid, raw[: parts.end(2)], payload, signature)


def encoded_part(data: bytes) -> str:
    """A part of a token: base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(part: bytes) -> bytes:
    """As `base64.urlsafe_b64decode`, which takes three calls more. Padding that is too much is ignored."""
    return binascii.a2b_base64(part.translate(_TO_BASE64) + b"==")


def _malformed() -> TokenError:
    return TokenError(TokenFault.MALFORMED, "this is not a JSON Web Token")
