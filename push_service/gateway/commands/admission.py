"""Who may subscribe: by the rule of the channel's kind and the token of the connection, or by a token of its own."""

import msgspec

from access.subscription_grant import SubscriptionGrant
from domain.channels import Channel
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.commands.token_desk import TokenDesk, seconds_left
from push_service.gateway.protocol.errors import PERMISSION_DENIED, CommandError
from push_service.gateway.protocol.replies import SubscribeResult
from push_service.gateway.sessions.expiry_watch import ExpiryWatch
from push_service.gateway.sessions.grants import Grants
from push_service.gateway.sessions.session import Session


class Admission:
    """A foreign and an unknown channel get the same answer: 103."""

    def __init__(self, desk: TokenDesk, rules: ChannelRules, grants: Grants, expiry: ExpiryWatch) -> None:
        self._desk = desk
        self._rules = rules
        self._grants = grants
        self._expiry = expiry

    def admitted(self, session: Session, name: str, token: str) -> tuple[Channel, SubscriptionGrant | None]:
        """The channel, and what its token says if there is one: then that alone counts. Raises CommandError."""
        assert session.viewer is not None
        channel = self._rules.parse(name) if token else self._rules.permitted(session.viewer, name)
        if channel is None:
            raise CommandError(PERMISSION_DENIED)
        if not token:
            return channel, None
        return channel, self._desk.grant(session, name, self._rules.tenant_of(session.viewer, channel), token)

    def recheck(self, session: Session, channel: str, grant: SubscriptionGrant | None) -> None:
        """What was admitted a while ago may be so no more: tokens are refreshed and revoked. Raises CommandError."""
        assert session.viewer is not None
        if grant is not None:
            self._desk.recheck(grant)
        elif self._rules.permitted(session.viewer, channel) is None:
            raise CommandError(PERMISSION_DENIED)

    def keep(self, session: Session, grant: SubscriptionGrant, result: SubscribeResult) -> SubscribeResult:
        """The session follows the channel by this grant from now on; the result tells the client its end."""
        self._grants.keep(session, grant)
        self._expiry.watch(session)
        ttl = seconds_left(grant.expires_at)
        return msgspec.structs.replace(result, expires=ttl > 0, ttl=ttl)
