"""Ending what a client may not have any longer: one subscription, or the whole connection."""

from collections.abc import Callable

from access.revocations import Revocations, Standing
from domain.instants import Micros
from push_service.gateway.protocol.disconnects import EXPIRED as CONNECTION_EXPIRED
from push_service.gateway.protocol.disconnects import INVALID_TOKEN
from push_service.gateway.protocol.pushes import ServerPush, UnsubscribePush
from push_service.gateway.protocol.replies import Reply
from push_service.gateway.protocol.unsubscribes import EXPIRED, NOT_PERMITTED, Unsubscribe
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.subscriptions import Subscriptions


class Evictions:
    """Tells the client, and lets go."""

    def __init__(self, subscriptions: Subscriptions, revocations: Revocations, clock: Callable[[], Micros]) -> None:
        self._subscriptions = subscriptions
        self._revocations = revocations
        self._clock = clock

    def unsubscribe(self, session: Session, channel: str, why: Unsubscribe) -> None:
        """The client follows the channel no longer. One that it does not follow is ignored."""
        if channel in session.subscriptions:
            self._subscriptions.leave(session, channel)
            push = ServerPush(channel=channel, unsubscribe=UnsubscribePush(why.code, why.reason))
            session.reply(Reply(push=push))

    def check(self, session: Session) -> None:
        """Ends what is over or revoked by now. The outdated ends as what has expired: SDKs bring a new token."""
        viewer = session.viewer
        if viewer is None or session.closed:
            return
        now = self._clock()
        standing = self._revocations.standing(viewer)
        if standing is Standing.REVOKED:
            session.disconnect(INVALID_TOKEN)
            return
        if standing is Standing.OUTDATED or viewer.expires_at <= now:
            session.disconnect(CONNECTION_EXPIRED)
            return
        for grant in tuple((session.grants or {}).values()):
            standing = self._revocations.standing(grant)
            if standing is Standing.REVOKED:
                self.unsubscribe(session, grant.channel, NOT_PERMITTED)
            elif standing is Standing.OUTDATED or grant.expires_at <= now:
                self.unsubscribe(session, grant.channel, EXPIRED)
