"""What we answer, as frozen values. Fields at their default are not written, as in the protocol's own JSON."""

import msgspec

from push_service.gateway.protocol.errors import ReplyError
from push_service.gateway.publication import Publication


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


class SubscribeResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to `subscribe`: a position, and what leads up to it."""

    recoverable: bool = False
    epoch: str = ""
    publications: tuple[Publication, ...] = ()
    recovered: bool = False
    offset: int = 0
    positioned: bool = False
    data: msgspec.Raw | None = None
    """The snapshot, JSON."""
    was_recovering: bool = False


class RefreshResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to `refresh`."""

    client: str
    version: str
    expires: bool = False
    ttl: int = 0


class RpcResult(msgspec.Struct, frozen=True):
    """The answer to `rpc`, JSON."""

    data: msgspec.Raw


class UnsubscribeResult(msgspec.Struct, frozen=True):
    """The answer to `unsubscribe`."""


class PingResult(msgspec.Struct, frozen=True):
    """The answer to `ping`."""


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to the command of the same id: an error or one result. Empty, it is our ping."""

    id: int = 0
    error: ReplyError | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: UnsubscribeResult | None = None
    refresh: RefreshResult | None = None
    rpc: RpcResult | None = None
    ping: PingResult | None = None
