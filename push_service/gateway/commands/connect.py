"""`connect`: who are you?"""

import time

from access.tokens import TokenError, TokenFault, TokenVerifier
from access.viewer import Viewer
from domain.instants import SECOND
from push_service.gateway.heartbeat import Heartbeat
from push_service.gateway.metrics import ConnectOutcome, GatewayMetrics
from push_service.gateway.protocol.commands import ConnectRequest
from push_service.gateway.protocol.disconnects import BAD_REQUEST, INVALID_TOKEN, DisconnectError
from push_service.gateway.protocol.errors import TOKEN_EXPIRED, CommandError
from push_service.gateway.protocol.replies import ConnectResult
from push_service.gateway.session import Session
from push_service.gateway.version import VERSION


class ConnectCommand:
    """Checks the token and opens the session. An expired token is answered 109: the SDK comes with a new one."""

    def __init__(self, tokens: TokenVerifier, heartbeat: Heartbeat, metrics: GatewayMetrics) -> None:
        self._tokens = tokens
        self._heartbeat = heartbeat
        self._metrics = metrics

    def __call__(self, session: Session, request: ConnectRequest) -> ConnectResult:
        if session.viewer is not None:
            raise DisconnectError(BAD_REQUEST)
        try:
            viewer = viewer_of(self._tokens, request.token)
        except CommandError:
            self._metrics.connect(ConnectOutcome.TOKEN_EXPIRED)
            raise
        except DisconnectError:
            self._metrics.connect(ConnectOutcome.TOKEN_INVALID)
            raise
        session.viewer = viewer
        session.transport.authenticated()
        self._heartbeat.join(session)
        self._metrics.connect(ConnectOutcome.ACCEPTED)
        return ConnectResult(
            client=session.client,
            version=VERSION,
            expires=True,
            ttl=seconds_left(viewer),
            ping=max(1, round(self._heartbeat.interval)),
            pong=True,
            session="" if session.emulated is None else session.emulated.session,
            node="" if session.emulated is None else session.emulated.node,
        )


def viewer_of(tokens: TokenVerifier, token: str) -> Viewer:
    """Who a token says it is. Raises CommandError (109) for one that has expired, DisconnectError for any other fault.

    So an SDK fetches a new token where that helps, and stops where it does not.
    """
    try:
        return tokens.verify(token)
    except TokenError as error:
        if error.reason is TokenFault.EXPIRED:
            raise CommandError(TOKEN_EXPIRED) from None
        raise DisconnectError(INVALID_TOKEN) from None


def seconds_left(viewer: Viewer) -> int:
    """What the protocol calls ttl: whole seconds until the token ends, at least 1."""
    return max(1, int(viewer.expires_at / SECOND - time.time()))
