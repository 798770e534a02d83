"""Viewers' tokens: JSON Web Tokens (RFC 7519) signed with HS256.

Claims: `sub` (the user), `tenant`, `fleets` (list, of that tenant), `capabilities` (list), `iat`, `exp`. Times are in
seconds, as the RFC has them.
"""

import enum
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jwt
import msgspec

from access.settings import AccessSettings
from access.viewer import Viewer
from domain.ids import is_id, tenant_of
from domain.instants import SECOND, Micros

ALGORITHM = "HS256"
MAX_TOKEN_CHARACTERS = 8_192
MAX_FLEETS = 500
MAX_CAPABILITIES = 50
_REQUIRED = ["sub", "tenant", "fleets", "capabilities", "iat", "exp"]
_MAX_TIME = 253_402_300_799  # the end of the year 9999, in seconds


class TokenFault(enum.StrEnum):
    """Why a token is refused."""

    MALFORMED = "malformed"
    """It is not a JWT, too long, or not signed with HS256."""
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    """`iat` or `nbf` is in the future."""
    BAD_CLAIMS = "bad_claims"
    """A claim is missing or is not what it should be."""


class TokenError(Exception):
    """The token is refused. The message never repeats the token."""

    def __init__(self, reason: TokenFault, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class _Claims(msgspec.Struct):
    sub: str
    tenant: str
    fleets: list[str]
    capabilities: list[str]
    exp: int | float


class TokenVerifier:
    """Checks tokens. `clock` gives seconds since the epoch."""

    def __init__(self, settings: AccessSettings, clock: Callable[[], float] = time.time) -> None:
        self._key = _key(settings)
        self._clock = clock
        # Times are checked below, against our own clock, so that expiry is one comparison in one place.
        self._jwt = jwt.PyJWT(options={"verify_exp": False, "verify_iat": False, "verify_nbf": False})

    def verify(self, token: str) -> Viewer:
        """Who the token says is watching. Raises TokenError."""
        claims = self._signed(token)
        try:
            typed = msgspec.convert(claims, _Claims)
        except msgspec.ValidationError as error:
            raise TokenError(TokenFault.BAD_CLAIMS, str(error)) from None
        now = self._clock()
        if not 0 < typed.exp <= _MAX_TIME:
            raise TokenError(TokenFault.BAD_CLAIMS, "exp is not a time in seconds")
        if typed.exp <= now:
            raise TokenError(TokenFault.EXPIRED, "the token has expired")
        for name in ("iat", "nbf"):
            start = claims.get(name, 0)
            if type(start) not in (int, float):
                raise TokenError(TokenFault.BAD_CLAIMS, f"{name} is not a time in seconds")
            if start > now + 60:  # a minute for clocks that disagree
                raise TokenError(TokenFault.NOT_YET_VALID, f"{name} is in the future")
        return _viewer(typed)

    def _signed(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise TokenError(TokenFault.MALFORMED, f"a token has at most {MAX_TOKEN_CHARACTERS} characters")
        try:
            return self._jwt.decode(token, self._key, algorithms=[ALGORITHM], options={"require": _REQUIRED})
        except jwt.InvalidSignatureError:
            raise TokenError(TokenFault.BAD_SIGNATURE, "the signature is not ours") from None
        except jwt.InvalidAlgorithmError:
            raise TokenError(TokenFault.MALFORMED, f"a token is signed with {ALGORITHM}") from None
        except jwt.DecodeError:
            raise TokenError(TokenFault.MALFORMED, "this is not a JSON Web Token") from None
        except jwt.InvalidTokenError as error:
            raise TokenError(TokenFault.BAD_CLAIMS, str(error)) from None
        except (ValueError, TypeError, RecursionError, OverflowError):
            raise TokenError(TokenFault.MALFORMED, "this is not a JSON Web Token") from None


class TokenMaker:
    """Makes tokens, for development and tests; in production the customer's identity provider does."""

    def __init__(self, settings: AccessSettings, clock: Callable[[], float] = time.time) -> None:
        self._key = _key(settings)
        self._clock = clock

    def make(self, *, user: str, fleets: Sequence[str], capabilities: Sequence[str], valid_for: Micros) -> str:
        """A token for `user` from now on. Raises ValueError if the verifier would refuse it."""
        now = int(self._clock())
        claims = {
            "sub": user,
            "tenant": tenant_of(fleets[0]) if fleets else "",
            "fleets": list(fleets),
            "capabilities": list(capabilities),
            "iat": now,
            "exp": now + max(1, valid_for // SECOND),
        }
        try:
            _viewer(msgspec.convert(claims, _Claims))
        except TokenError as error:
            raise ValueError(error.detail) from None
        token = jwt.encode(claims, self._key, algorithm=ALGORITHM)
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise ValueError(f"the token would have more than {MAX_TOKEN_CHARACTERS} characters: name fewer fleets")
        return token


def _viewer(claims: _Claims) -> Viewer:
    if not is_id(claims.sub):
        raise TokenError(TokenFault.BAD_CLAIMS, "sub is not the id of a user")
    if not is_id(claims.tenant) or "." in claims.tenant:
        raise TokenError(TokenFault.BAD_CLAIMS, "tenant is not the id of a tenant")
    if len(claims.fleets) > MAX_FLEETS or len(claims.capabilities) > MAX_CAPABILITIES:
        raise TokenError(TokenFault.BAD_CLAIMS, f"over {MAX_FLEETS} fleets or {MAX_CAPABILITIES} capabilities")
    if not all(is_id(each) and tenant_of(each) == claims.tenant for each in claims.fleets):
        raise TokenError(TokenFault.BAD_CLAIMS, "fleets are not all fleets of the tenant")
    return Viewer(
        user=claims.sub,
        tenant=claims.tenant,
        fleets=frozenset(claims.fleets),
        capabilities=frozenset(claims.capabilities),
        expires_at=round(claims.exp * SECOND),
    )


def _key(settings: AccessSettings) -> bytes:
    if settings.allow_weak_secret:
        # The operator said so; without this the library says it again at every token.
        warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)
    return settings.jwt_hmac_secret.get_secret_value().encode()
