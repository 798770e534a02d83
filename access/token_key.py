"""One key that checks tokens, bound to one algorithm when it is made.

So a token's own word on its algorithm only chooses among keys that were made for it: an HS256 token is never checked
with the text of a public key, and `none` has no key at all.
"""

import hmac
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import Algorithm, get_default_algorithms
from jwt.exceptions import InvalidKeyError

from access.compact_token import CompactToken

HS256 = "HS256"
RS256 = "RS256"
ES256 = "ES256"
ALGORITHMS = (HS256, RS256, ES256)
LEAST_RSA_BITS = 2_048
"""RFC 7518 section 3.3."""
MOST_RSA_BITS = 4_096
"""A longer key would make every check slow."""


class BadKey(ValueError):
    """This is no key that tokens can be checked with. The message does not repeat it."""


class TokenKey:
    """A key and the one algorithm that it is for. `key_id` is the `kid` of the tokens it checks, None for any."""

    __slots__ = ("_key", "_signing", "algorithm", "key_id")

    def __init__(self, algorithm: str, key: Any, key_id: str | None = None) -> None:
        self.algorithm = algorithm
        self.key_id = key_id
        self._key = key
        self._signing = signing(algorithm)

    def signed(self, token: CompactToken) -> bool:
        """Whether the token was signed with this key, by this key's algorithm."""
        if token.algorithm != self.algorithm:
            return False
        if self.algorithm == HS256:  # in one call, for most tokens are of this kind: PyJWT's way takes nine
            return hmac.compare_digest(hmac.digest(self._key, token.signed, "sha256"), token.signature)
        return self._signing.verify(token.signed, self._key, token.signature)


def secret_key(secret: bytes) -> TokenKey:
    """A key for HS256. Raises BadKey for a public key, a certificate or a JWK: those are no secrets."""
    try:
        return TokenKey(HS256, signing(HS256).prepare_key(secret))
    except InvalidKeyError:
        raise BadKey("the key of HS256 is a secret of its own, not a key of another kind") from None


def public_key(key: Any, key_id: str | None = None) -> TokenKey:
    """A key for RS256 or ES256, whichever this kind of key is for. Raises BadKey."""
    if isinstance(key, RSAPublicKey):
        if not LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS:
            raise BadKey(f"an RSA key has {LEAST_RSA_BITS} to {MOST_RSA_BITS} bits")
        return TokenKey(RS256, key, key_id)
    if isinstance(key, EllipticCurvePublicKey):
        if not isinstance(key.curve, SECP256R1):
            raise BadKey("an EC key is on the curve P-256")
        return TokenKey(ES256, key, key_id)
    raise BadKey("a public key is RSA, or EC on the curve P-256")


def signing(algorithm: str) -> Algorithm:
    """What signs and checks by one of our algorithms."""
    assert algorithm in ALGORITHMS
    return get_default_algorithms()[algorithm]
