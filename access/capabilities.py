"""What a token allows, channel by channel."""

import enum
import re
from collections.abc import Sequence

import msgspec

MAX_CAPS = 50
MAX_PATTERNS = 500
"""In all of a token's caps together."""
MAX_CHANNEL_CHARACTERS = 300
_SEPARATORS = re.compile(r"([:/])")
_ANY = "*"


class Permission(enum.StrEnum):
    """What can be done with a channel, by Centrifugo's names."""

    SUB = "sub"
    """Subscribe, and recover what was missed."""
    PUB = "pub"
    """Publish."""
    PRS = "prs"
    """Ask who is there, and be told who joins and leaves."""
    HST = "hst"
    """Ask for history."""


READ = frozenset({Permission.SUB, Permission.PRS, Permission.HST})
NAMED = frozenset({Permission.SUB, Permission.HST})
"""What goes with a channel that a token names as such: to read it, not to see who else does."""


class CapabilityError(ValueError):
    """This is not a capability. The message does not repeat it."""


class ChannelCap(msgspec.Struct, frozen=True):
    """Some channels, and what is allowed with them. Patterns are never regular expressions."""

    channels: frozenset[str]
    """By their whole names."""
    patterns: tuple[tuple[str, ...], ...]
    """Names in pieces, separators included; `*` is any piece, and as the last one all that follows."""
    allow: frozenset[Permission]

    def names(self, channel: str) -> bool:
        """Whether the channel is one of these. Takes as long as the channel and the patterns are long."""
        if channel in self.channels:
            return True
        if not self.patterns:
            return False
        pieces = _SEPARATORS.split(channel)
        return any(_matches(pattern, pieces) for pattern in self.patterns)


def channel_cap(channels: Sequence[str], match: str, allow: Sequence[str]) -> ChannelCap:
    """Reads an entry of Centrifugo's `caps` claim: `match` is "" or "exact" (the same) or "wildcard".

    A `*` stands for one whole part of a name (between `:` and `/`), the last one for all parts that follow:
    `order:acme/*`, `order:*`, `*`. Unknown permissions allow nothing. Raises CapabilityError.
    """
    if not all(1 <= len(each) <= MAX_CHANNEL_CHARACTERS for each in channels):
        raise CapabilityError(f"a channel has 1 to {MAX_CHANNEL_CHARACTERS} characters")
    allowed = frozenset(Permission(each) for each in allow if each in Permission.__members__.values())
    if match in ("", "exact"):
        return ChannelCap(frozenset(channels), (), allowed)
    if match != "wildcard":
        raise CapabilityError("channels match exact or wildcard; regular expressions are not taken from tokens")
    patterns = [tuple(_SEPARATORS.split(each)) for each in channels]
    if any(_ANY in piece and piece != _ANY for pattern in patterns for piece in pattern):
        raise CapabilityError("in a wildcard, * stands for a whole part of a name")
    return ChannelCap(
        frozenset("".join(each) for each in patterns if _ANY not in each),
        tuple(each for each in patterns if _ANY in each),
        allowed,
    )


def _matches(pattern: tuple[str, ...], pieces: Sequence[str]) -> bool:
    if pattern[-1] == _ANY:
        if len(pieces) < len(pattern) or not pieces[len(pattern) - 1]:
            return False
    elif len(pieces) != len(pattern):
        return False
    # The pieces that a last * takes beyond its own are left out by zip.
    return all(wanted in (_ANY, piece) for wanted, piece in zip(pattern, pieces, strict=False))
