"""Where a channel lives in Kafka: one function from a channel to (topic, key)."""

from typing import NamedTuple

from backbone.topics import LIVE, USER_LIVE, Topic
from domain.channels import Channel, ChannelKind

_FLEETS_OWN = frozenset({ChannelKind.FLEET, ChannelKind.ASSET, ChannelKind.ORDER})


class ChannelAddress(NamedTuple):
    """The topic and record key of a channel; the partition follows from the key (`backbone.partitioner`)."""

    topic: Topic
    key: bytes


def channel_address(channel: Channel) -> ChannelAddress:
    """All channels of a fleet share one key, so one record names several of them and one offset orders them all.

    Likewise all channels of one owner in a kind of the deployment's own.
    """
    if channel.kind == ChannelKind.USER:
        return ChannelAddress(USER_LIVE, f"{channel.owner}/{channel.member}".encode())
    if channel.kind in _FLEETS_OWN:
        return ChannelAddress(LIVE, channel.owner.encode())
    return ChannelAddress(LIVE, f"{channel.kind}:{channel.owner}".encode())
