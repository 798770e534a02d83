"""What each kind of channel allows: one table, one line a kind, to which a deployment adds kinds of its own.

| kind | who may subscribe | history | snapshot | presence | joins | clients publish | conflated |
|---|---|---|---|---|---|---|---|
| `fleet`, `asset`, `order` | tokens that name the fleet | what Kafka keeps | yes | no | no | no | positions |
| `user` | that user alone | what Kafka keeps | no | no | no | no | nothing |
| own kinds | as configured (`channel_kinds.py`) | by count and time | no | as configured | | | |

A capability of a token, or a subscription token, allows more than its kind's line; nothing allows another tenant's.
"""

import enum
from collections.abc import Mapping

import msgspec

from access.capabilities import NAMED, Permission
from access.viewer import Capability, Viewer
from domain.channels import Channel, ChannelError, ChannelKind, parse_channel, parse_own_channel


class Audience(enum.StrEnum):
    """Who may subscribe, besides that the token must be able to watch."""

    FLEET = "fleet"
    """Tokens that name the channel's owner among their fleets."""
    TENANT = "tenant"
    """Every token of the tenant that is the channel's owner."""
    USER = "user"
    """The user that the channel names: `kind:TENANT/USER`."""
    TOKEN = "token"  # noqa: S105 a name
    """Only who has a capability or a subscription token for it; the owner is a tenant or a fleet."""
    ANYONE = "anyone"
    """Every connection of every tenant: for deployments with one tenant, and for what is public."""


class Publishers(enum.StrEnum):
    """Which clients may publish."""

    NOBODY = "nobody"
    SUBSCRIBERS = "subscribers"
    """Who is subscribed, on the same connection."""
    AUDIENCE = "audience"
    """Whoever may subscribe."""


class ChannelRule(msgspec.Struct, frozen=True):
    """What a kind of channel allows."""

    audience: Audience
    recoverable: bool = True
    """Whether a client gets a position, and what it missed."""
    history: bool = True
    """Whether a subscriber may read what was published."""
    history_size: int | None = None
    """So many publications count as kept, for history and for recovery; None: all that Kafka keeps."""
    history_seconds: int | None = None
    """Those that are older do not count as kept; None: all that Kafka keeps."""
    snapshot: bool = False
    """Whether a first subscribe gets the channel's state."""
    presence: bool = False
    """Whether a subscriber may ask who else is."""
    joins: bool = False
    """Whether it is published who joins and leaves, to subscribers that ask for it."""
    force_joins: bool = False
    """Whether subscribers get that without asking."""
    publishers: Publishers = Publishers.NOBODY
    deltas: bool = False
    """Whether a subscriber that asks gets deltas (`fossil`) instead of whole publications."""
    conflated_kinds: frozenset[str] = frozenset()
    """Kinds of updates of which a slow reader may get only the newest of each entity."""


_POSITIONS = frozenset({"position"})
_SHOWN = ChannelRule(Audience.FLEET, snapshot=True, conflated_kinds=_POSITIONS)

CHANNEL_RULES: Mapping[str, ChannelRule] = {
    ChannelKind.FLEET: _SHOWN,
    ChannelKind.ASSET: _SHOWN,
    ChannelKind.ORDER: _SHOWN,
    ChannelKind.USER: ChannelRule(Audience.USER),
}
"""The kinds that every deployment has."""

DEFAULT_KIND = ""
"""The kind of channels whose name has no colon. There is none unless a deployment configures it."""


class ChannelRules:
    """The kinds of a deployment: ours and its own."""

    def __init__(self, own: Mapping[str, ChannelRule] | None = None) -> None:
        """`own`: by kind, `DEFAULT_KIND` for names without a colon; see `channel_kinds`."""
        self._rules = {**(own or {}), **CHANNEL_RULES}

    def parse(self, name: str) -> Channel | None:
        """The channel of this name; None when there can be none, or its kind is unknown."""
        kind, colon, rest = name.partition(":")
        try:
            if colon and kind in CHANNEL_RULES:
                return parse_channel(name)
            if not colon:
                kind, rest = DEFAULT_KIND, name
            elif not kind:
                return None
            return parse_own_channel(kind, rest) if kind in self._rules else None
        except ChannelError:
            return None

    def of(self, name: str) -> ChannelRule:
        """The rule of a channel whose name was parsed before. Raises KeyError for a kind that is not served."""
        kind, colon, _ = name.partition(":")
        return self._rules[kind if colon else DEFAULT_KIND]

    def deltas(self, name: str) -> bool:
        """Whether a channel, which may be none, has deltas."""
        return self.parse(name) is not None and self.of(name).deltas

    def permits(
        self,
        viewer: Viewer,
        permission: Permission,
        channel: Channel,
        *,
        subscribed: bool = False,
        granted: frozenset[Permission] | None = None,
    ) -> bool:
        """Whether the viewer may do this with a channel that was parsed before.

        `subscribed`: the connection is; `granted`: what the token of its subscription allows, if it has one. Who is
        subscribed although the kind's rule does not let it in may read, but not see who else is there.
        """
        name = str(channel)
        rule = self._rules[channel.kind]
        tenant = viewer.tenant if rule.audience is Audience.ANYONE else channel.tenant
        admitted = tenant == viewer.tenant and _admits(rule.audience, viewer, channel)
        if viewer.allows(permission, name, tenant=tenant, by_rule=admitted):
            return True
        if granted is not None and permission in granted:
            return True
        if any(cap.names(name) for cap in viewer.caps) or (granted is not None and not admitted):
            return False
        if permission is not Permission.PUB:
            return subscribed and permission in NAMED
        if rule.publishers is Publishers.AUDIENCE and admitted and Capability.WATCH in viewer.capabilities:
            return True
        return subscribed and rule.publishers is not Publishers.NOBODY

    def tenant_of(self, viewer: Viewer, channel: Channel) -> str:
        """The tenant that a channel is of, as the viewer sees it: what is everybody's is its own tenant's."""
        return viewer.tenant if self._rules[channel.kind].audience is Audience.ANYONE else channel.tenant

    def permitted(self, viewer: Viewer, name: str) -> Channel | None:
        """The channel, if it exists and the viewer may subscribe to it without a subscription token.

        None otherwise, whatever the reason: nobody learns which names of other tenants exist.
        """
        channel = self.parse(name)
        return channel if channel is not None and self.permits(viewer, Permission.SUB, channel) else None

    def of_tenant(self, tenant: str, name: str) -> Channel | None:
        """The channel, if it exists and is the tenant's own or everybody's."""
        channel = self.parse(name)
        if channel is None:
            return None
        return channel if self._rules[channel.kind].audience is Audience.ANYONE or channel.tenant == tenant else None


def _admits(audience: Audience, viewer: Viewer, channel: Channel) -> bool:
    """Of the viewer's own tenant, or of a kind that is everybody's."""
    if audience is Audience.FLEET:
        return channel.owner in viewer.fleets
    if audience is Audience.ANYONE:
        return True
    if audience is Audience.TENANT:
        return channel.owner == viewer.tenant
    return audience is Audience.USER and channel.owner == viewer.tenant and channel.member == viewer.user
