"""Of which channels the offsets of the last records are listed, so that a client may read just those."""

from domain.channels import ChannelKind

_UNLISTED = f"{ChannelKind.FLEET}:"
"""A fleet's channel has most of its partition's records: who missed some of them reads the partition itself."""


def lists_offsets(channel: str) -> bool:
    """Whether the channel's kind keeps a list. What is without one still has the offset of its last record."""
    return not channel.startswith(_UNLISTED)
