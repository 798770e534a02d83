"""What we say unasked, as frozen values. A live record that many get is a `Push`; everything else is one of these."""

import msgspec

from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.commands import NO_DATA


class PublicationBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """A publication that is no live record as it stands: a delta, for one."""

    data: msgspec.Raw
    """JSON; of a delta, a JSON string for JSON clients and the bare delta for Protobuf clients."""
    info: ClientInfo | None = None
    offset: int = 0
    tags: dict[str, str] = {}
    delta: bool = False
    """Whether `data` is a delta to the publication before."""
    time: int = 0
    """Unix milliseconds."""
    channel: str = ""


class JoinPush(msgspec.Struct, frozen=True):
    """Somebody has subscribed."""

    info: ClientInfo


class LeavePush(msgspec.Struct, frozen=True):
    """Somebody has unsubscribed, or gone."""

    info: ClientInfo


class UnsubscribePush(msgspec.Struct, frozen=True, omit_defaults=True):
    """We end a subscription. From code 2500 on the SDK subscribes again; below, it does not."""

    code: int
    reason: str = ""


class SubscribePush(msgspec.Struct, frozen=True, omit_defaults=True):
    """We subscribe the client to a channel, for which it did not ask."""

    recoverable: bool = False
    epoch: str = ""
    offset: int = 0
    positioned: bool = False
    data: msgspec.Raw = NO_DATA


class MessagePush(msgspec.Struct, frozen=True):
    """A message to this connection, on no channel."""

    data: msgspec.Raw


class ConnectPush(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a connect's result says, to clients that send no commands (unidirectional transports)."""

    client: str
    version: str
    data: msgspec.Raw = NO_DATA
    expires: bool = False
    ttl: int = 0
    ping: int = 0
    pong: bool = False


class DisconnectPush(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why the connection ends, on transports whose closing cannot say it. For the codes see `disconnects`."""

    code: int
    reason: str
    reconnect: bool = False
    """Of protocol v1; SDKs of v2 go by the code."""


class RefreshPush(msgspec.Struct, frozen=True, omit_defaults=True):
    """The connection's time to live has changed."""

    expires: bool = False
    ttl: int = 0


class ServerPush(msgspec.Struct, frozen=True, omit_defaults=True):
    """One push: exactly one of its kinds, on a channel where the kind has one."""

    channel: str = ""
    pub: PublicationBody | None = None
    join: JoinPush | None = None
    leave: LeavePush | None = None
    unsubscribe: UnsubscribePush | None = None
    message: MessagePush | None = None
    subscribe: SubscribePush | None = None
    connect: ConnectPush | None = None
    disconnect: DisconnectPush | None = None
    refresh: RefreshPush | None = None
