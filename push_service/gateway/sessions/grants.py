"""What tokens of subscriptions have opened, session by session. Most sessions have none, and pay nothing for it."""

from access.subscription_grant import SubscriptionGrant
from push_service.gateway.sessions.session import Session
from push_service.gateway.sessions.session_index import SessionIndex


class Grants:
    """Keeps sessions and the index of their tokens in step."""

    def __init__(self, index: SessionIndex) -> None:
        self._index = index

    def keep(self, session: Session, grant: SubscriptionGrant) -> None:
        """The session's subscription rests on the grant from now on, in place of an earlier one."""
        self.drop(session, grant.channel)
        if session.grants is None:
            session.grants = {}
        session.grants[grant.channel] = grant
        self._index.holds(session, grant.tenant, grant.token_id)

    def drop(self, session: Session, channel: str) -> None:
        """The subscription is over. One without a grant is ignored."""
        if session.grants is None:
            return
        grant = session.grants.pop(channel, None)
        if grant is None:
            return
        viewer = session.viewer
        others = [each.token_id for each in session.grants.values()]
        if viewer is not None and viewer.tenant == grant.tenant:
            others.append(viewer.token_id)
        if grant.token_id not in others:
            self._index.lets_go(session, grant.tenant, grant.token_id)
