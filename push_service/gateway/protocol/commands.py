"""What a client asks for, as frozen values. Fields that we do not know are ignored, as the protocol's growth needs."""

import msgspec

REJECT_UNRECOVERED = 2
"""In a subscribe's `flag`: answer 112 instead of `recovered: false`, to an application that loads state by itself."""


class SubscribeRequest(msgspec.Struct, frozen=True):
    """`subscribe`: follow a channel, from a position when `recover` is set."""

    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: int = 0
    flag: int = 0
    """Bits: see REJECT_UNRECOVERED. The others ask for what we do not do, and the reply does not say that we did."""


class ConnectRequest(msgspec.Struct, frozen=True):
    """`connect`: the first command of a connection."""

    token: str = ""
    name: str = ""
    version: str = ""


class UnsubscribeRequest(msgspec.Struct, frozen=True):
    """`unsubscribe`: follow a channel no longer."""

    channel: str = ""


class RefreshRequest(msgspec.Struct, frozen=True):
    """`refresh`: a new token before the old one ends."""

    token: str = ""


class RpcRequest(msgspec.Struct, frozen=True):
    """`rpc`: call a method of ours by name."""

    method: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class PingRequest(msgspec.Struct, frozen=True):
    """`ping`: the client asks whether we are there (SDKs of protocol v2 answer our pings instead)."""


class UnservedRequest(msgspec.Struct, frozen=True):
    """A request of the protocol that this gateway does not serve."""


class Command(msgspec.Struct, frozen=True):
    """One command. Exactly one of the requests is expected; with id 0 and none it is the answer to our ping."""

    id: int = 0
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: UnsubscribeRequest | None = None
    refresh: RefreshRequest | None = None
    rpc: RpcRequest | None = None
    ping: PingRequest | None = None
    publish: UnservedRequest | None = None
    presence: UnservedRequest | None = None
    presence_stats: UnservedRequest | None = None
    history: UnservedRequest | None = None
    sub_refresh: UnservedRequest | None = None
    send: UnservedRequest | None = None
