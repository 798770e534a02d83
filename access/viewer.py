"""A person or a program that watches."""

import enum

import msgspec

from access.capabilities import NAMED, READ, ChannelCap, Permission
from domain.instants import SECOND, Micros

NEVER: Micros = 253_402_300_799 * SECOND
"""The end of the year 9999: when something ends that has no end."""


class Capability(enum.StrEnum):
    """What a token may allow by name, wherever the rule of a channel's kind lets the viewer in. Names that are not here
    are kept and allow nothing."""

    WATCH = "watch"
    """Subscribe, ask for history and for who is there: what a token allows that says nothing of capabilities."""
    PUBLISH = "publish"
    """Publish."""


class Viewer(msgspec.Struct, frozen=True):
    """Who is watching, as a valid token says."""

    user: str
    """Empty for an anonymous viewer."""
    tenant: str
    """Empty for an anonymous viewer of no tenant, who sees only what a token of a subscription opens."""
    fleets: frozenset[str]
    """All of the tenant."""
    capabilities: frozenset[str]
    expires_at: Micros
    """When the connection ends without a new token; NEVER if it does not."""
    caps: tuple[ChannelCap, ...] = ()
    """The first that names a channel has the last word on it."""
    channels: tuple[str, ...] = ()
    """To subscribe to on connect, without being asked."""
    info: bytes | None = None
    """JSON, shown to others: presence, joins and leaves, publications."""
    issued_at: Micros | None = None
    token_id: str | None = None

    @property
    def expires(self) -> bool:
        """Whether the connection ends without a new token."""
        return self.expires_at < NEVER

    def allows(self, permission: Permission, channel: str, *, tenant: str, by_rule: bool) -> bool:
        """Whether the viewer may do this with a channel, given by its name and its tenant.

        `by_rule`: whether the rule of the channel's kind lets this viewer in, such as to its fleet's channels. `caps`
        and `channels` of the token open channels beyond that; nothing opens another tenant's.
        """
        if tenant != self.tenant:
            return False
        if permission in NAMED and channel in self.channels:
            return True
        for cap in self.caps:
            if cap.names(channel):
                return permission in cap.allow
        if not by_rule:
            return False
        needed = Capability.WATCH if permission in READ else Capability.PUBLISH
        return needed in self.capabilities
