"""Channels: the names that clients subscribe to."""

import enum
import re

import msgspec

from domain.ids import is_id, tenant_of


class ChannelKind(enum.StrEnum):
    """The part of a channel's name before the colon."""

    FLEET = "fleet"
    ASSET = "asset"
    ORDER = "order"
    USER = "user"


_KINDS = {str(kind): kind for kind in ChannelKind}
KIND_RULE = "1 to 32 of a-z 0-9 _ -, beginning with a letter"
NAME_RULE = "1 to 250 of A-Z a-z 0-9 . _ ~ / # $ @ ! * + = ( ) -"
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
# Nothing that JSON escapes, no comma (it separates channels in headers), no colon (it ends a kind).
_NAME = re.compile(r"[A-Za-z0-9._~/#$@!*+=()-]{1,250}", re.ASCII)


class ChannelError(ValueError):
    """The text is not the name of a channel."""


class Channel(msgspec.Struct, frozen=True):
    """A parsed channel: `fleet:acme`, `asset:acme/truck-7`, `order:acme/A-1001`, `user:acme/u42`."""

    kind: str
    """One of ChannelKind, or a kind of the deployment's own; empty for a name without a colon."""
    owner: str
    """The fleet; of a user's channel the tenant. Of a deployment's own kind: what is before the first slash."""
    member: str | None = None
    """The asset, order or user, or what is after the first slash; None for a fleet's own channel."""

    def __str__(self) -> str:
        name = self.owner if self.member is None else f"{self.owner}/{self.member}"
        return f"{self.kind}:{name}" if self.kind else name

    @property
    def tenant(self) -> str:
        """The tenant that the channel belongs to."""
        return tenant_of(self.owner)


def parse_channel(text: str) -> Channel:
    """Reads a channel's name. Raises ChannelError, whose message does not repeat the text."""
    kind_text, colon, rest = text.partition(":")
    kind = _KINDS.get(kind_text)
    if not colon or kind is None:
        raise ChannelError("not a channel: expected kind:name with a known kind")
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


def is_own_kind(text: str) -> bool:
    """Whether a deployment may call a kind of channels so. Empty: the kind of names without a colon."""
    return not text or (_KIND.fullmatch(text) is not None and text not in ChannelKind.__members__.values())


def parse_own_channel(kind: str, name: str) -> Channel:
    """A channel of a deployment's own kind: `chat:acme/room-1` is `chat` and `acme/room-1`. Raises ChannelError."""
    if _NAME.fullmatch(name) is None:
        raise ChannelError(f"not a channel: a name is {NAME_RULE}")
    owner, slash, member = name.partition("/")
    return Channel(kind, owner, member if slash else None)


def fleet_channel(fleet: str) -> str:
    """The channel of everything that happens in a fleet."""
    return f"{ChannelKind.FLEET}:{fleet}"


def asset_channel(fleet: str, asset: str) -> str:
    """The channel of one asset."""
    return f"{ChannelKind.ASSET}:{fleet}/{asset}"


def order_channel(fleet: str, order: str) -> str:
    """The public channel of one order."""
    return f"{ChannelKind.ORDER}:{fleet}/{order}"


def user_channel(tenant: str, user: str) -> str:
    """The channel of what concerns one user."""
    return f"{ChannelKind.USER}:{tenant}/{user}"
