"""Whether a session may do something with a channel: by the kind's rule, its token, or its subscription's."""

from access.capabilities import Permission
from domain.channels import Channel
from push_service.gateway.channels.channel_rules import ChannelRules
from push_service.gateway.protocol.disconnects import BAD_REQUEST, DisconnectError
from push_service.gateway.protocol.errors import PERMISSION_DENIED, CommandError
from push_service.gateway.sessions.session import Session


def permitted_channel(rules: ChannelRules, session: Session, permission: Permission, name: str) -> Channel:
    """The channel. Raises CommandError 103, the same for a foreign, an unknown and a closed one."""
    if not name:
        raise DisconnectError(BAD_REQUEST)
    assert session.viewer is not None
    channel = rules.parse(name)
    grant = None if session.grants is None else session.grants.get(name)
    if channel is None or not rules.permits(
        session.viewer,
        permission,
        channel,
        subscribed=name in session.subscriptions,
        granted=None if grant is None else grant.permissions,
    ):
        raise CommandError(PERMISSION_DENIED)
    return channel
