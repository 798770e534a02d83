"""Tokens as commands get them: who they are of, what they open, and what the client is told when they are not good."""

import asyncio
import hashlib
import time

import structlog

from access.revocations import Revocations, Standing
from access.subscription_grant import SubscriptionGrant
from access.tokens import TokenError, TokenFault, TokenVerifier
from access.viewer import NEVER, Viewer
from domain.errors import OutageError
from domain.instants import SECOND, Micros
from push_service.gateway.protocol.disconnects import INVALID_TOKEN, DisconnectError
from push_service.gateway.protocol.errors import INTERNAL, PERMISSION_DENIED, TOKEN_EXPIRED, CommandError
from push_service.gateway.sessions.session import Session

log = structlog.get_logger(__name__)

_MAX_LEARNING = 100
_MAX_HOPELESS = 1_000
_MARGIN_SECONDS = 5.0


class TokenDesk:
    """One for all sessions. A token that may be of a key published since is refused for the moment, while the key set
    is read again: the client comes back by itself, and nobody waits in between.
    """

    def __init__(self, tokens: TokenVerifier, revocations: Revocations) -> None:
        self._tokens = tokens
        self._revocations = revocations
        self._learning: dict[bytes, asyncio.Task[None]] = {}
        self._hopeless: dict[bytes, None] = {}
        """Tokens whose key nobody publishes."""

    def viewer(self, token: str) -> Viewer:
        """Who connects with a token, or without one.

        Raises CommandError 109 for one that has expired or is outdated, so that the SDK fetches a new one; 100 when it
        cannot be told yet; DisconnectError for any other fault and for a revoked one, which ends it.
        """
        try:
            viewer = self._tokens.verify(token) if token else self._tokens.anonymous()
        except TokenError as error:
            self._refuse_for_now(error, token)
            raise DisconnectError(INVALID_TOKEN) from None
        standing = self._revocations.standing(viewer)
        if standing is Standing.REVOKED:
            raise DisconnectError(INVALID_TOKEN)
        if standing is Standing.OUTDATED:
            raise CommandError(TOKEN_EXPIRED)
        return viewer

    def grant(self, session: Session, channel: str, tenant: str, token: str) -> SubscriptionGrant:
        """What a token of a subscription to a channel of the tenant opens.

        Raises CommandError: 109 for one that has expired or is outdated, 100 when it cannot be told yet, else 103.
        """
        assert session.viewer is not None
        try:
            grant = self._tokens.verify_subscription(
                token, channel=channel, tenant=tenant, viewer=session.viewer, client=session.client
            )
        except TokenError as error:
            self._refuse_for_now(error, token)
            raise CommandError(PERMISSION_DENIED) from None
        self.recheck(grant)
        return grant

    def recheck(self, grant: SubscriptionGrant) -> None:
        """Raises CommandError if it was revoked: 103, or 109 where a newer token is good."""
        standing = self._revocations.standing(grant)
        if standing is Standing.REVOKED:
            raise CommandError(PERMISSION_DENIED)
        if standing is Standing.OUTDATED:
            raise CommandError(TOKEN_EXPIRED)

    def _refuse_for_now(self, error: TokenError, token: str) -> None:
        """Raises CommandError if another try may be better."""
        if error.reason is TokenFault.EXPIRED:
            raise CommandError(TOKEN_EXPIRED) from None
        if error.reason is not TokenFault.UNKNOWN_KEY:
            return
        name = hashlib.sha256(token.encode()).digest()
        if name in self._hopeless:
            return
        if name not in self._learning and len(self._learning) < _MAX_LEARNING:
            task = self._learning[name] = asyncio.ensure_future(self._learn(name, token))
            task.add_done_callback(lambda _: self._learning.pop(name, None))
        raise CommandError(INTERNAL) from None

    async def _learn(self, name: bytes, token: str) -> None:
        try:
            await self._tokens.learn(token)
        except TokenError:
            while len(self._hopeless) >= _MAX_HOPELESS:
                del self._hopeless[next(iter(self._hopeless))]
            self._hopeless[name] = None
        except OutageError as error:
            log.info("a token's key cannot be looked up", reason=str(error))


def seconds_left(expires_at: Micros) -> int:
    """What the protocol calls ttl: whole seconds, at least 1, after which the SDK fetches a new token; 0: no end.

    SDKs begin when the time is over, so they are told less than is left: by a tenth, at most 5 s.
    """
    if expires_at >= NEVER:
        return 0
    left = expires_at / SECOND - time.time()
    return max(1, int(left - min(_MARGIN_SECONDS, left / 10)))
