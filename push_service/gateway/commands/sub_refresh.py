"""`sub_refresh`: a new token for one subscription, before the old one ends."""

from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.commands.token_desk import TokenDesk, seconds_left
from push_service.gateway.protocol.commands import SubRefreshRequest
from push_service.gateway.protocol.disconnects import BAD_REQUEST, DisconnectError
from push_service.gateway.protocol.errors import PERMISSION_DENIED, CommandError
from push_service.gateway.protocol.replies import SubRefreshResult
from push_service.gateway.sessions.expiry_watch import ExpiryWatch
from push_service.gateway.sessions.grants import Grants
from push_service.gateway.sessions.session import Session


class SubRefreshCommand:
    """Takes a new token for a channel that the session follows."""

    def __init__(self, desk: TokenDesk, rules: ChannelRules, grants: Grants, expiry: ExpiryWatch) -> None:
        self._desk = desk
        self._rules = rules
        self._grants = grants
        self._expiry = expiry

    def __call__(self, session: Session, request: SubRefreshRequest) -> SubRefreshResult:
        if not request.channel or not request.token:
            raise DisconnectError(BAD_REQUEST)
        channel = self._rules.parse(request.channel)
        if channel is None or request.channel not in session.subscriptions:
            raise CommandError(PERMISSION_DENIED)
        assert session.viewer is not None
        tenant = self._rules.tenant_of(session.viewer, channel)
        grant = self._desk.grant(session, request.channel, tenant, request.token)
        self._grants.keep(session, grant)
        self._expiry.watch(session)
        ttl = seconds_left(grant.expires_at)
        return SubRefreshResult(expires=ttl > 0, ttl=ttl)
