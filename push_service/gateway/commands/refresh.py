"""`refresh`: a new token before the old one ends."""

from push_service.gateway.commands.token_desk import TokenDesk, seconds_left
from push_service.gateway.protocol.commands import RefreshRequest
from push_service.gateway.protocol.disconnects import INVALID_TOKEN, DisconnectError
from push_service.gateway.protocol.replies import RefreshResult
from push_service.gateway.sessions.expiry_watch import ExpiryWatch
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.session_index import SessionIndex
from push_service.gateway.version import VERSION


class RefreshCommand:
    """Takes a new token of the same user. What it allows counts for later subscribes."""

    def __init__(self, desk: TokenDesk, sessions: SessionIndex, expiry: ExpiryWatch) -> None:
        self._desk = desk
        self._sessions = sessions
        self._expiry = expiry

    def __call__(self, session: Session, request: RefreshRequest) -> RefreshResult:
        assert session.viewer is not None
        viewer = self._desk.viewer(request.token)
        if (viewer.tenant, viewer.user) != (session.viewer.tenant, session.viewer.user):
            raise DisconnectError(INVALID_TOKEN)
        self._sessions.leave(session)
        session.viewer = viewer
        self._sessions.join(session)
        self._expiry.watch(session)
        ttl = seconds_left(viewer.expires_at)
        return RefreshResult(client=session.client, version=VERSION, expires=ttl > 0, ttl=ttl)
