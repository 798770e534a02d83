"""`refresh`: a new token before the old one ends."""

from access.viewer import Viewer
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.commands.token_desk import TokenDesk, seconds_left
from push_service.gateway.protocol.commands import RefreshRequest
from push_service.gateway.protocol.disconnects import EXPIRED, INVALID_TOKEN, DisconnectError
from push_service.gateway.protocol.errors import TOKEN_EXPIRED, CommandError
from push_service.gateway.protocol.replies import RefreshResult
from push_service.gateway.protocol.unsubscribes import NOT_PERMITTED
from push_service.gateway.sessions.evictions import Evictions
from push_service.gateway.sessions.expiry_watch import ExpiryWatch
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.session_index import SessionIndex
from push_service.gateway.version import VERSION


class RefreshCommand:
    """Takes a new token of the same user: what it allows is all that counts, also for what is subscribed already."""

    def __init__(
        self, desk: TokenDesk, rules: ChannelRules, sessions: SessionIndex, expiry: ExpiryWatch, evictions: Evictions
    ) -> None:
        self._desk = desk
        self._rules = rules
        self._sessions = sessions
        self._expiry = expiry
        self._evictions = evictions

    def __call__(self, session: Session, request: RefreshRequest) -> RefreshResult:
        assert session.viewer is not None
        before, viewer = session.viewer, self._viewer(request.token)
        if (viewer.tenant, viewer.user) != (before.tenant, before.user):
            raise DisconnectError(INVALID_TOKEN)
        self._sessions.leave(session)
        session.viewer = viewer
        self._sessions.join(session)
        self._expiry.watch(session)
        for channel in self._withdrawn(session, before, viewer):
            self._evictions.unsubscribe(session, channel, NOT_PERMITTED)
        ttl = seconds_left(viewer.expires_at)
        return RefreshResult(client=session.client, version=VERSION, expires=ttl > 0, ttl=ttl)

    def _viewer(self, token: str) -> Viewer:
        """Who the token says. SDKs give up for good on a refresh that is answered 109, but come back after 3005."""
        try:
            return self._desk.viewer(token)
        except CommandError as refused:
            if refused.error is TOKEN_EXPIRED:
                raise DisconnectError(EXPIRED) from None
            raise

    def _withdrawn(self, session: Session, before: Viewer, now: Viewer) -> list[str]:
        """Channels that the token before opened and the one now does not.

        What rests on a token of its own stays, and so does what a back end has subscribed the connection to.
        """
        return [
            channel
            for channel in session.subscriptions
            if channel not in (session.grants or {})
            and self._rules.permitted(now, channel) is None
            and self._rules.permitted(before, channel) is not None
        ]
