"""A JSON Web Key Set (RFC 7517): the public keys that an identity provider signs with."""

from collections.abc import Sequence

import msgspec
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from access.compact_token import MAX_KEY_ID_CHARACTERS
from access.token_key import ES256, RS256, BadKey, TokenKey, public_key

MAX_JWKS_BYTES = 256 * 1024
MAX_JWKS_KEYS = 100


class _KeySet(msgspec.Struct):
    keys: list[msgspec.Raw]


class _Key(msgspec.Struct):
    """The members that matter of one key, RFC 7517 section 4 and RFC 7518 section 6."""

    kty: str
    kid: str | None = None
    use: str | None = None
    key_ops: list[str] | None = None
    alg: str | None = None
    n: str = ""
    e: str = ""
    crv: str = ""
    x: str = ""
    y: str = ""


def read_jwks(document: bytes) -> tuple[TokenKey, ...]:
    """The keys of the set that check RS256 or ES256; any others are left out, as RFC 7517 section 5 has it.

    Symmetric keys are left out too: a secret that everybody can fetch is none. Raises BadKey if nothing is left, or
    the document is no key set, or too long.
    """
    if len(document) > MAX_JWKS_BYTES:
        raise BadKey(f"a key set has at most {MAX_JWKS_BYTES} bytes")
    try:
        found = msgspec.json.decode(document, type=_KeySet).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadKey("this is not a JSON Web Key Set") from None
    if len(found) > MAX_JWKS_KEYS:
        raise BadKey(f"a key set has at most {MAX_JWKS_KEYS} keys")
    usable = _usable(found)
    if not usable:
        raise BadKey(f"none of the {len(found)} keys checks RS256 or ES256")
    return usable


def _usable(found: Sequence[msgspec.Raw]) -> tuple[TokenKey, ...]:
    usable: dict[tuple[str, str | None], TokenKey] = {}
    for raw in found:
        try:
            key = _token_key(msgspec.json.decode(raw, type=_Key))
        except (BadKey, InvalidKeyError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
            continue
        usable.setdefault((key.algorithm, key.key_id), key)
    return tuple(usable.values())


def _token_key(key: _Key) -> TokenKey:
    if key.use not in (None, "sig") or (key.key_ops is not None and "verify" not in key.key_ops):
        raise BadKey("the key is not for signatures")
    if key.kid is not None and len(key.kid) > MAX_KEY_ID_CHARACTERS:
        raise BadKey("the key's id is too long")
    # Only what is public is handed on, so that a set with private keys in it gives public ones.
    if key.kty == "RSA" and key.alg in (None, RS256):
        return public_key(RSAAlgorithm.from_jwk({"kty": "RSA", "n": key.n, "e": key.e}), key.kid)
    if key.kty == "EC" and key.crv == "P-256" and key.alg in (None, ES256):
        return public_key(ECAlgorithm.from_jwk({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y}), key.kid)
    raise BadKey("the key is for another algorithm")
