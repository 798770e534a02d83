"""What a client asks for, as frozen values. Fields that we do not know are ignored, as the protocol's growth needs.

Field names are those of the protocol's client.proto; numbers are in `protobuf_schema`. `data` is JSON as the client
wrote it; from a Protobuf client it is whatever bytes it sent, so `payloads.as_json` checks it before it goes anywhere.
"""

import msgspec

REJECT_UNRECOVERED = 2
"""In a subscribe's `flag`: answer 112 instead of `recovered: false`, to an application that loads state by itself."""

STREAM = 0
"""A subscribe's `type`: publications in order. Others (maps, shared polls) have replies of another form."""

NO_DATA = msgspec.Raw(b"")
"""A `data` that the client left out. Compare with `is`, or ask whether it is empty."""


class FilterNode(msgspec.Struct, frozen=True):
    """A condition on a publication's tags: a comparison when `op` is empty, else `and`, `or`, `not` of `nodes`."""

    op: str = ""
    key: str = ""
    cmp: str = ""
    """eq, neq, in, nin, ex, nex, sw, ew, ct, lt, lte, gt, gte."""
    val: str = ""
    vals: tuple[str, ...] = ()
    nodes: tuple["FilterNode", ...] = ()


class StreamPosition(msgspec.Struct, frozen=True):
    """A place in a channel's stream."""

    offset: int = 0
    epoch: str = ""


class SubscribeRequest(msgspec.Struct, frozen=True):
    """`subscribe`: follow a channel, from a position when `recover` is set."""

    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: int = 0
    data: msgspec.Raw = NO_DATA
    positioned: bool = False
    recoverable: bool = False
    join_leave: bool = False
    delta: str = ""
    """The kind of delta that the client can apply: `fossil`, or empty."""
    tf: FilterNode | None = None
    """Only publications whose tags match."""
    flag: int = 0
    """Bits: see REJECT_UNRECOVERED. The others ask for what we do not do, and the reply does not say that we did."""
    type: int = STREAM
    """What the client expects of the channel: only streams are served, no maps and no polls."""


class ConnectRequest(msgspec.Struct, frozen=True):
    """`connect`: the first command of a connection."""

    token: str = ""
    data: msgspec.Raw = NO_DATA
    subs: dict[str, SubscribeRequest] = {}
    """Positions of the server-side subscriptions that the client had, by channel."""
    name: str = ""
    version: str = ""
    headers: dict[str, str] = {}


class UnsubscribeRequest(msgspec.Struct, frozen=True):
    """`unsubscribe`: follow a channel no longer."""

    channel: str = ""


class RefreshRequest(msgspec.Struct, frozen=True):
    """`refresh`: a new token before the old one ends."""

    token: str = ""


class SubRefreshRequest(msgspec.Struct, frozen=True):
    """`sub_refresh`: a new token for one channel, before the old one ends."""

    channel: str = ""
    token: str = ""


class PublishRequest(msgspec.Struct, frozen=True):
    """`publish`: to everybody on a channel."""

    channel: str = ""
    data: msgspec.Raw = NO_DATA


class PresenceRequest(msgspec.Struct, frozen=True):
    """`presence`: who is on a channel?"""

    channel: str = ""


class PresenceStatsRequest(msgspec.Struct, frozen=True):
    """`presence_stats`: how many are on a channel?"""

    channel: str = ""


class HistoryRequest(msgspec.Struct, frozen=True):
    """`history`: what a channel still holds."""

    channel: str = ""
    limit: int = 0
    """Most publications: 0 asks for the position only, below 0 for as many as there are."""
    since: StreamPosition | None = None
    """Only what comes after it, or before it when `reverse`."""
    reverse: bool = False
    """Newest first."""


class RpcRequest(msgspec.Struct, frozen=True):
    """`rpc`: call a method of ours by name."""

    method: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class SendRequest(msgspec.Struct, frozen=True):
    """`send`: a message to us, without a reply."""

    data: msgspec.Raw = NO_DATA


class PingRequest(msgspec.Struct, frozen=True):
    """`ping`: the client asks whether we are there (SDKs of protocol v2 answer our pings instead)."""


class Command(msgspec.Struct, frozen=True):
    """One command. Exactly one of the requests is expected; with id 0 and none it is the answer to our ping."""

    id: int = 0
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: UnsubscribeRequest | None = None
    refresh: RefreshRequest | None = None
    rpc: RpcRequest | None = None
    ping: PingRequest | None = None
    publish: PublishRequest | None = None
    presence: PresenceRequest | None = None
    presence_stats: PresenceStatsRequest | None = None
    history: HistoryRequest | None = None
    sub_refresh: SubRefreshRequest | None = None
    send: SendRequest | None = None


class EmulationRequest(msgspec.Struct, frozen=True):
    """Commands of a session whose replies stream over HTTP, in a request of their own."""

    node: str = ""
    """The gateway that the session lives on, as its connect result said."""
    session: str = ""
    data: msgspec.Raw = NO_DATA
    """A frame of commands; from JSON clients a JSON string that holds it."""
