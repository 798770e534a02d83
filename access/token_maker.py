"""Makes tokens, for development and tests; in production the customer's back end or identity provider does."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from access.capabilities import MAX_CHANNEL_CHARACTERS
from access.claims import CapClaim, ConnectionClaims
from access.compact_token import MAX_TOKEN_CHARACTERS, encoded_part
from access.connection_viewer import viewer_of
from access.settings import AccessSettings
from access.token_error import TokenError
from access.token_key import ES256, HS256, RS256, BadKey, public_key, signing
from domain.ids import tenant_of
from domain.instants import SECOND, Micros


class TokenSigner:
    """Signs claims with one key."""

    def __init__(self, algorithm: str, key: Any, key_id: str | None = None) -> None:
        self._key = key
        self._signing = signing(algorithm)
        header = {"alg": algorithm, "typ": "JWT"} | ({} if key_id is None else {"kid": key_id})
        self._header = encoded_part(msgspec.json.encode(header))

    def sign(self, claims: dict[str, Any]) -> str:
        """The token. Raises ValueError if it would be too long to be accepted."""
        signed = f"{self._header}.{encoded_part(msgspec.json.encode(claims))}"
        token = f"{signed}.{encoded_part(self._signing.sign(signed.encode(), self._key))}"
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise ValueError(f"the token would have more than {MAX_TOKEN_CHARACTERS} characters: name fewer fleets")
        return token


def pem_signer(algorithm: str, pem: bytes, key_id: str | None = None) -> TokenSigner:
    """Signs with a private key in PEM. Raises BadKey if it is none, or for the other algorithm."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKey("this is not a private key in PEM, without a password") from None
    fits = {RS256: RSAPrivateKey, ES256: EllipticCurvePrivateKey}[algorithm]
    if not isinstance(key, fits):
        raise BadKey(f"this private key is not for {algorithm}")
    public_key(key.public_key())
    return TokenSigner(algorithm, key, key_id)


class TokenMaker:
    """Makes tokens that end. `clock` gives seconds since the epoch; without a signer the settings' secret signs."""

    def __init__(
        self, settings: AccessSettings, clock: Callable[[], float] = time.time, *, signer: TokenSigner | None = None
    ) -> None:
        if signer is None:
            if settings.jwt_hmac_secret is None:
                raise ValueError("there is no secret to sign with: set JWT_HMAC_SECRET, or give a private key")
            signer = TokenSigner(HS256, settings.jwt_hmac_secret.get_secret_value().encode())
        self._settings = settings
        self._signer = signer
        self._clock = clock

    def make(
        self,
        *,
        user: str,
        fleets: Sequence[str],
        capabilities: Sequence[str] | None,
        valid_for: Micros,
        tenant: str | None = None,
        caps: Sequence[CapClaim] | None = None,
        channels: Sequence[str] = (),
        token_id: str | None = None,
    ) -> str:
        """A connection's token for `user` from now on; the tenant is that of the first fleet if it is not given.

        Raises ValueError if the verifier would refuse it.
        """
        claims: dict[str, Any] = {
            "sub": user,
            "tenant": tenant_of(fleets[0]) if fleets and tenant is None else tenant,
            "fleets": list(fleets),
            "capabilities": None if capabilities is None else list(capabilities),
            "caps": None if caps is None else [msgspec.to_builtins(each) for each in caps],
            "channels": list(channels) or None,
            **self._times(valid_for, token_id),
        }
        try:
            viewer_of(msgspec.convert(_given(claims), ConnectionClaims), claims["exp"] * SECOND, self._settings)
        except TokenError as error:
            raise ValueError(error.detail) from None
        return self._signer.sign(_given(claims))

    def make_subscription(
        self,
        *,
        channel: str,
        valid_for: Micros,
        user: str = "",
        allow: Sequence[str] | None = None,
        token_id: str | None = None,
    ) -> str:
        """A token that opens one channel: for `user`, or for everybody who has it. Raises ValueError if too long."""
        if not 1 <= len(channel) <= MAX_CHANNEL_CHARACTERS:
            raise ValueError(f"a channel has 1 to {MAX_CHANNEL_CHARACTERS} characters")
        claims = {
            "sub": user or None,
            "channel": channel,
            "allow": None if allow is None else list(allow),
            **self._times(valid_for, token_id),
        }
        return self._signer.sign(_given(claims))

    def _times(self, valid_for: Micros, token_id: str | None) -> dict[str, Any]:
        now = int(self._clock())
        return {"iat": now, "exp": now + max(1, valid_for // SECOND), "jti": token_id}


def _given(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}
