"""Channels: the names that clients subscribe to."""

import enum

import msgspec

from domain.ids import is_id, tenant_of


class ChannelKind(enum.StrEnum):
    """The part of a channel's name before the colon."""

    FLEET = "fleet"
    ASSET = "asset"
    ORDER = "order"
    USER = "user"


class ChannelError(ValueError):
    """The text is not the name of a channel."""


class Channel(msgspec.Struct, frozen=True):
    """A parsed channel: `fleet:acme`, `asset:acme/truck-7`, `order:acme/A-1001`, `user:acme/u42`."""

    kind: ChannelKind
    owner: str
    """The fleet; of a user's channel the tenant."""
    member: str | None = None
    """The asset, order or user; None for a fleet's own channel."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.owner}" if self.member is None else f"{self.kind}:{self.owner}/{self.member}"

    @property
    def tenant(self) -> str:
        """The tenant that the channel belongs to."""
        return tenant_of(self.owner)


def parse_channel(text: str) -> Channel:
    """Reads a channel's name. Raises ChannelError, whose message does not repeat the text."""
    kind_text, colon, rest = text.partition(":")
    if not colon or kind_text not in ChannelKind.__members__.values():
        raise ChannelError("not a channel: expected kind:name with a known kind")
    kind = ChannelKind(kind_text)
    owner, slash, member = rest.partition("/")
    if not is_id(owner):
        raise ChannelError("not a channel: the part after the colon is not an id")
    if kind is ChannelKind.FLEET:
        if slash:
            raise ChannelError("not a channel: a fleet's channel has no part after a slash")
        return Channel(kind, owner)
    if not is_id(member):
        raise ChannelError("not a channel: the part after the slash is not an id")
    return Channel(kind, owner, member)


def fleet_channel(fleet: str) -> str:
    """The channel of everything that happens in a fleet."""
    return f"{ChannelKind.FLEET}:{fleet}"


def asset_channel(fleet: str, asset: str) -> str:
    """The channel of one asset."""
    return f"{ChannelKind.ASSET}:{fleet}/{asset}"


def order_channel(fleet: str, order: str) -> str:
    """The public channel of one order."""
    return f"{ChannelKind.ORDER}:{fleet}/{order}"
