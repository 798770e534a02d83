"""Viewers' tokens: JSON Web Tokens (RFC 7519) signed with HS256, RS256 or ES256.

Claims of a connection's token: `sub` (the user), `tenant`, `fleets` (list, of that tenant), `capabilities` (list of
names), `caps` (by channel), `channels` (to subscribe to on connect), `info`, `exp`, `expire_at`, `iat`, `nbf`, `aud`,
`iss`, `jti`. Of a subscription's: `channel`, `sub`, `allow`, `info` and the same times and names. Those that Centrifugo
has mean what they mean there. Times are in seconds, as the RFC has them.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from access.claim_rules import ClaimRules
from access.claims import ConnectionClaims, SubscriptionClaims, TokenClaims
from access.compact_token import read_token
from access.connection_viewer import viewer_of
from access.jwks_book import JwksBook
from access.settings import AccessSettings
from access.subscription_grant import SubscriptionGrant, grant_of
from access.token_error import TokenError, TokenFault
from access.token_keys import TokenKeys
from access.viewer import NEVER, Viewer

__all__ = ["TokenError", "TokenFault", "TokenVerifier"]
ClaimsT = TypeVar("ClaimsT", bound=TokenClaims)


class TokenVerifier:
    """Checks tokens. `clock` gives seconds since the epoch; `jwks` is needed if the settings name a key set."""

    def __init__(
        self, settings: AccessSettings, clock: Callable[[], float] = time.time, *, jwks: JwksBook | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._keys = TokenKeys(settings, jwks)
        self._rules = ClaimRules(settings)
        self._connections = msgspec.json.Decoder(ConnectionClaims)
        self._subscriptions = msgspec.json.Decoder(SubscriptionClaims)

    def verify(self, token: str) -> Viewer:
        """Who the token says is watching. Raises TokenError; after `unknown_key`, `learn` and try once more."""
        claims = self._claims(token, self._connections)
        return viewer_of(claims, self._rules.ends_at(claims), self._settings)

    def verify_subscription(
        self, token: str, *, channel: str, tenant: str, viewer: Viewer, client: str = ""
    ) -> SubscriptionGrant:
        """What the token opens for `viewer`, who asks for `channel` of `tenant` on the connection `client`.

        Raises TokenError, as `verify` does.
        """
        claims = self._claims(token, self._subscriptions)
        ends_at = self._rules.ends_at(claims)
        return grant_of(claims, ends_at, channel=channel, tenant=tenant, viewer=viewer, client=client)

    def anonymous(self) -> Viewer:
        """Who connects without a token. Raises TokenError if nobody may."""
        if not self._settings.anonymous:
            raise TokenError(TokenFault.MALFORMED, "there is no token")
        return Viewer(
            user="",
            tenant=self._settings.default_tenant or "",
            fleets=frozenset(),
            capabilities=frozenset({"watch"}),
            expires_at=NEVER,
        )

    async def learn(self, token: str) -> None:
        """Returns when there may be a key for a token that was refused for an unknown one.

        Waits as long as JWT_JWKS_PAUSE_SECONDS and JWT_JWKS_TIMEOUT_SECONDS together, at most. Raises TokenError if
        there is no such key, KeysUnavailable if that cannot be told now: the client should come again.
        """
        await self._keys.learn(read_token(token))

    def _claims(self, token: str, decoder: msgspec.json.Decoder[ClaimsT]) -> ClaimsT:
        compact = read_token(token)
        self._keys.check(compact)
        try:
            claims = decoder.decode(compact.payload)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            # Its message names the claim and the type, never a value.
            detail = str(error) if isinstance(error, msgspec.ValidationError) else "the claims are not JSON"
            raise TokenError(TokenFault.BAD_CLAIMS, detail) from None
        self._rules.check(claims, self._clock())
        return claims
