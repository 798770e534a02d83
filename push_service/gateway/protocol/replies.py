"""What we answer, as frozen values. Fields at their default are not written, as in the protocol's own JSON."""

import msgspec

from push_service.gateway.delivery.publication import Publication
from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.errors import ReplyError
from push_service.gateway.protocol.pushes import PublicationBody, ServerPush


class SubscribeResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to `subscribe`: a position, and what leads up to it."""

    recoverable: bool = False
    epoch: str = ""
    publications: tuple[Publication | PublicationBody, ...] = ()
    recovered: bool = False
    offset: int = 0
    positioned: bool = False
    data: msgspec.Raw | None = None
    """The snapshot, JSON."""
    was_recovering: bool = False
    expires: bool = False
    """Whether the subscription ends with its token."""
    ttl: int = 0
    """Seconds until then."""
    delta: bool = False
    """Whether publications come as deltas to those before."""


class ConnectResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to `connect`."""

    client: str
    version: str
    expires: bool = False
    ttl: int = 0
    """Seconds until the token ends."""
    ping: int = 0
    """Seconds between our pings."""
    pong: bool = False
    """Whether we expect an answer to them."""
    data: msgspec.Raw | None = None
    subs: dict[str, SubscribeResult] = {}
    """Server-side subscriptions, by channel."""
    session: str = ""
    """Names the session in requests to the emulation endpoint; empty on a WebSocket."""
    node: str = ""
    """The gateway that the session lives on; likewise."""
    time: int = 0
    """Unix milliseconds."""


class RefreshResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to `refresh`."""

    client: str
    version: str
    expires: bool = False
    ttl: int = 0


class SubRefreshResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to `sub_refresh`."""

    expires: bool = False
    ttl: int = 0


class PublishResult(msgspec.Struct, frozen=True):
    """The answer to `publish`: Kafka has it."""


class PresenceResult(msgspec.Struct, frozen=True):
    """The answer to `presence`: connections by their client ids."""

    presence: dict[str, ClientInfo]


class PresenceStatsResult(msgspec.Struct, frozen=True):
    """The answer to `presence_stats`."""

    num_clients: int
    num_users: int


class HistoryResult(msgspec.Struct, frozen=True):
    """The answer to `history`: publications, and the channel's position now."""

    publications: tuple[Publication | PublicationBody, ...]
    epoch: str
    offset: int


class RpcResult(msgspec.Struct, frozen=True):
    """The answer to `rpc`, JSON."""

    data: msgspec.Raw


class UnsubscribeResult(msgspec.Struct, frozen=True):
    """The answer to `unsubscribe`."""


class PingResult(msgspec.Struct, frozen=True):
    """The answer to `ping`."""


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to the command of the same id: an error or one result. With id 0 a push; empty, it is our ping."""

    id: int = 0
    error: ReplyError | None = None
    push: ServerPush | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: UnsubscribeResult | None = None
    publish: PublishResult | None = None
    presence: PresenceResult | None = None
    presence_stats: PresenceStatsResult | None = None
    history: HistoryResult | None = None
    ping: PingResult | None = None
    rpc: RpcResult | None = None
    refresh: RefreshResult | None = None
    sub_refresh: SubRefreshResult | None = None
