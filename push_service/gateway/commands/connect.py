"""`connect`: who are you?"""

from collections.abc import Awaitable

from access.viewer import Viewer
from push_service.gateway.commands.token_desk import TokenDesk, seconds_left
from push_service.gateway.metrics import ConnectOutcome, GatewayMetrics
from push_service.gateway.presence.attendance import Attendance
from push_service.gateway.protocol.commands import ConnectRequest
from push_service.gateway.protocol.disconnects import BAD_REQUEST, DisconnectError
from push_service.gateway.protocol.errors import TOKEN_EXPIRED, CommandError
from push_service.gateway.protocol.replies import ConnectResult, SubscribeResult
from push_service.gateway.sessions.expiry_watch import ExpiryWatch
from push_service.gateway.sessions.heartbeat import Heartbeat
from push_service.gateway.sessions.server_subscriptions import ServerSubscriptions
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.session_index import SessionIndex
from push_service.gateway.version import VERSION


class ConnectCommand:
    """Checks the token and opens the session. An expired token is answered 109: the SDK comes with a new one."""

    def __init__(
        self,
        desk: TokenDesk,
        sessions: SessionIndex,
        expiry: ExpiryWatch,
        heartbeat: Heartbeat,
        attendance: Attendance,
        unasked: ServerSubscriptions,
        metrics: GatewayMetrics,
    ) -> None:
        self._desk = desk
        self._sessions = sessions
        self._expiry = expiry
        self._heartbeat = heartbeat
        self._attendance = attendance
        self._unasked = unasked
        self._metrics = metrics

    def __call__(self, session: Session, request: ConnectRequest) -> ConnectResult | Awaitable[ConnectResult]:
        if session.viewer is not None:
            raise DisconnectError(BAD_REQUEST)
        try:
            viewer = self._desk.viewer(request.token)
        except CommandError as refused:
            expired = refused.error is TOKEN_EXPIRED
            self._metrics.connect(ConnectOutcome.TOKEN_EXPIRED if expired else ConnectOutcome.TOKEN_UNKNOWN)
            raise
        except DisconnectError:
            self._metrics.connect(ConnectOutcome.TOKEN_INVALID)
            raise
        session.viewer = viewer
        session.transport.authenticated()
        self._sessions.join(session)
        self._expiry.watch(session)
        self._heartbeat.join(session)
        self._attendance.connected(session, request)
        self._metrics.connect(ConnectOutcome.ACCEPTED)
        subs = self._unasked.open(session, request.subs)
        return self._result(session, viewer, subs) if isinstance(subs, dict) else self._soon(session, viewer, subs)

    async def _soon(
        self, session: Session, viewer: Viewer, subs: Awaitable[dict[str, SubscribeResult]]
    ) -> ConnectResult:
        return self._result(session, viewer, await subs)

    def _result(self, session: Session, viewer: Viewer, subs: dict[str, SubscribeResult]) -> ConnectResult:
        ttl = seconds_left(viewer.expires_at)
        return ConnectResult(
            client=session.client,
            version=VERSION,
            expires=ttl > 0,
            ttl=ttl,
            subs=subs,
            ping=max(1, round(self._heartbeat.interval)),
            pong=True,
            session="" if session.emulated is None else session.emulated.session,
            node="" if session.emulated is None else session.emulated.node,
        )
