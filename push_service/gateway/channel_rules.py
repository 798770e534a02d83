"""What each kind of channel allows: one table, one line a kind."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from access.viewer import Capability, Viewer
from domain.channels import Channel, ChannelError, ChannelKind, parse_channel


def _of_own_fleet(viewer: Viewer, channel: Channel) -> bool:
    return channel.owner in viewer.fleets


def _own(viewer: Viewer, channel: Channel) -> bool:
    return channel.owner == viewer.tenant and channel.member == viewer.user


class ChannelRule(msgspec.Struct, frozen=True):
    """What a kind of channel allows."""

    allows: Callable[[Viewer, Channel], bool]
    """Who may subscribe, besides that the token must be of the channel's tenant and able to watch."""
    recoverable: bool
    """Whether a client gets a position, and what it missed."""
    snapshot: bool
    """Whether a first subscribe gets the channel's state."""
    conflated_kinds: frozenset[str]
    """Kinds of updates of which a slow reader may get only the newest of each entity."""


_POSITIONS = frozenset({"position"})

CHANNEL_RULES: Mapping[ChannelKind, ChannelRule] = MappingProxyType(
    {
        ChannelKind.FLEET: ChannelRule(_of_own_fleet, recoverable=True, snapshot=True, conflated_kinds=_POSITIONS),
        ChannelKind.ASSET: ChannelRule(_of_own_fleet, recoverable=True, snapshot=True, conflated_kinds=_POSITIONS),
        ChannelKind.ORDER: ChannelRule(_of_own_fleet, recoverable=True, snapshot=True, conflated_kinds=_POSITIONS),
        ChannelKind.USER: ChannelRule(_own, recoverable=True, snapshot=False, conflated_kinds=frozenset()),
    }
)


def permitted_channel(viewer: Viewer, name: str) -> Channel | None:
    """The channel, if it exists and the viewer may subscribe to it.

    None otherwise, whatever the reason: nobody learns which names of other tenants exist.
    """
    try:
        channel = parse_channel(name)
    except ChannelError:
        return None
    if channel.tenant != viewer.tenant or Capability.WATCH not in viewer.capabilities:
        return None
    return channel if CHANNEL_RULES[channel.kind].allows(viewer, channel) else None


def rule_of(channel: str) -> ChannelRule:
    """The rule of a channel that is known to be well-formed."""
    return CHANNEL_RULES[ChannelKind(channel.partition(":")[0])]
