"""The numbers and types of the fields of our values. Restated, as the .proto is, from centrifugal/protocol."""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from push_service.gateway.protocol import commands, pushes, replies
from push_service.gateway.protocol.client_info import ClientInfo
from push_service.gateway.protocol.errors import ReplyError

Message = type[msgspec.Struct]


class Kind(enum.Enum):
    """A field's type: as the .proto names it, but for messages."""

    BOOL = "bool"
    UINT32 = "uint32"
    UINT64 = "uint64"
    INT32 = "int32"
    INT64 = "int64"
    STRING = "string"
    BYTES = "bytes"
    MESSAGE = "message"
    STRINGS = "repeated string"
    MESSAGES = "repeated message"
    STRING_MAP = "map of strings"
    MESSAGE_MAP = "map of messages"


class Field(NamedTuple):
    """One field of a message."""

    name: str
    number: int
    kind: Kind
    message: Message | None = None
    """Of what it is made, where it is made of messages."""


def _fields(**fields: tuple[int, Kind] | tuple[int, Kind, Message]) -> tuple[Field, ...]:
    return tuple(Field(name, *rest) for name, rest in fields.items())


_BOOL, _STRING, _BYTES, _MESSAGE = Kind.BOOL, Kind.STRING, Kind.BYTES, Kind.MESSAGE
_CHANNEL = _fields(channel=(1, _STRING))
_INFO = _fields(info=(1, _MESSAGE, ClientInfo))
_TTL = _fields(expires=(1, _BOOL), ttl=(2, Kind.UINT32))

COMMANDS: Mapping[Message, tuple[Field, ...]] = MappingProxyType(
    {
        commands.FilterNode: _fields(
            op=(1, _STRING),
            key=(2, _STRING),
            cmp=(3, _STRING),
            val=(4, _STRING),
            vals=(5, Kind.STRINGS),
            nodes=(6, Kind.MESSAGES, commands.FilterNode),
        ),
        commands.StreamPosition: _fields(offset=(1, Kind.UINT64), epoch=(2, _STRING)),
        commands.SubscribeRequest: _fields(
            channel=(1, _STRING),
            token=(2, _STRING),
            recover=(3, _BOOL),
            epoch=(6, _STRING),
            offset=(7, Kind.UINT64),
            data=(8, _BYTES),
            positioned=(9, _BOOL),
            recoverable=(10, _BOOL),
            join_leave=(11, _BOOL),
            delta=(12, _STRING),
            tf=(13, _MESSAGE, commands.FilterNode),
            flag=(14, Kind.INT64),
            type=(15, Kind.INT32),
        ),
        commands.ConnectRequest: _fields(
            token=(1, _STRING),
            data=(2, _BYTES),
            subs=(3, Kind.MESSAGE_MAP, commands.SubscribeRequest),
            name=(4, _STRING),
            version=(5, _STRING),
            headers=(6, Kind.STRING_MAP),
        ),
        commands.UnsubscribeRequest: _CHANNEL,
        commands.RefreshRequest: _fields(token=(1, _STRING)),
        commands.SubRefreshRequest: _fields(channel=(1, _STRING), token=(2, _STRING)),
        commands.PublishRequest: _fields(channel=(1, _STRING), data=(2, _BYTES)),
        commands.PresenceRequest: _CHANNEL,
        commands.PresenceStatsRequest: _CHANNEL,
        commands.HistoryRequest: _fields(
            channel=(1, _STRING),
            limit=(7, Kind.INT32),
            since=(8, _MESSAGE, commands.StreamPosition),
            reverse=(9, _BOOL),
        ),
        commands.RpcRequest: _fields(data=(1, _BYTES), method=(2, _STRING)),
        commands.SendRequest: _fields(data=(1, _BYTES)),
        commands.PingRequest: (),
        commands.Command: _fields(
            id=(1, Kind.UINT32),
            connect=(4, _MESSAGE, commands.ConnectRequest),
            subscribe=(5, _MESSAGE, commands.SubscribeRequest),
            unsubscribe=(6, _MESSAGE, commands.UnsubscribeRequest),
            publish=(7, _MESSAGE, commands.PublishRequest),
            presence=(8, _MESSAGE, commands.PresenceRequest),
            presence_stats=(9, _MESSAGE, commands.PresenceStatsRequest),
            history=(10, _MESSAGE, commands.HistoryRequest),
            ping=(11, _MESSAGE, commands.PingRequest),
            send=(12, _MESSAGE, commands.SendRequest),
            rpc=(13, _MESSAGE, commands.RpcRequest),
            refresh=(14, _MESSAGE, commands.RefreshRequest),
            sub_refresh=(15, _MESSAGE, commands.SubRefreshRequest),
        ),
        commands.EmulationRequest: _fields(node=(1, _STRING), session=(2, _STRING), data=(3, _BYTES)),
    }
)
"""What clients send."""

PUBLICATION = _fields(
    data=(4, _BYTES),
    info=(5, _MESSAGE, ClientInfo),
    offset=(6, Kind.UINT64),
    tags=(7, Kind.STRING_MAP),
    delta=(8, _BOOL),
    time=(9, Kind.INT64),
    channel=(10, _STRING),
)

REPLIES: Mapping[Message, tuple[Field, ...]] = MappingProxyType(
    {
        ReplyError: _fields(code=(1, Kind.UINT32), message=(2, _STRING), temporary=(3, _BOOL)),
        ClientInfo: _fields(user=(1, _STRING), client=(2, _STRING), conn_info=(3, _BYTES), chan_info=(4, _BYTES)),
        pushes.PublicationBody: PUBLICATION,
        pushes.JoinPush: _INFO,
        pushes.LeavePush: _INFO,
        pushes.UnsubscribePush: _fields(code=(2, Kind.UINT32), reason=(3, _STRING)),
        pushes.SubscribePush: _fields(
            recoverable=(1, _BOOL),
            epoch=(4, _STRING),
            offset=(5, Kind.UINT64),
            positioned=(6, _BOOL),
            data=(7, _BYTES),
        ),
        pushes.MessagePush: _fields(data=(1, _BYTES)),
        pushes.ConnectPush: _fields(
            client=(1, _STRING),
            version=(2, _STRING),
            data=(3, _BYTES),
            expires=(5, _BOOL),
            ttl=(6, Kind.UINT32),
            ping=(7, Kind.UINT32),
            pong=(8, _BOOL),
        ),
        pushes.DisconnectPush: _fields(code=(1, Kind.UINT32), reason=(2, _STRING), reconnect=(3, _BOOL)),
        pushes.RefreshPush: _TTL,
        pushes.ServerPush: _fields(
            channel=(2, _STRING),
            pub=(4, _MESSAGE, pushes.PublicationBody),
            join=(5, _MESSAGE, pushes.JoinPush),
            leave=(6, _MESSAGE, pushes.LeavePush),
            unsubscribe=(7, _MESSAGE, pushes.UnsubscribePush),
            message=(8, _MESSAGE, pushes.MessagePush),
            subscribe=(9, _MESSAGE, pushes.SubscribePush),
            connect=(10, _MESSAGE, pushes.ConnectPush),
            disconnect=(11, _MESSAGE, pushes.DisconnectPush),
            refresh=(12, _MESSAGE, pushes.RefreshPush),
        ),
        replies.SubscribeResult: _fields(
            expires=(1, _BOOL),
            ttl=(2, Kind.UINT32),
            recoverable=(3, _BOOL),
            epoch=(6, _STRING),
            publications=(7, Kind.MESSAGES, pushes.PublicationBody),
            recovered=(8, _BOOL),
            offset=(9, Kind.UINT64),
            positioned=(10, _BOOL),
            data=(11, _BYTES),
            was_recovering=(12, _BOOL),
            delta=(13, _BOOL),
        ),
        replies.ConnectResult: _fields(
            client=(1, _STRING),
            version=(2, _STRING),
            expires=(3, _BOOL),
            ttl=(4, Kind.UINT32),
            data=(5, _BYTES),
            subs=(6, Kind.MESSAGE_MAP, replies.SubscribeResult),
            ping=(7, Kind.UINT32),
            pong=(8, _BOOL),
            session=(9, _STRING),
            node=(10, _STRING),
            time=(11, Kind.INT64),
        ),
        replies.RefreshResult: _fields(
            client=(1, _STRING), version=(2, _STRING), expires=(3, _BOOL), ttl=(4, Kind.UINT32)
        ),
        replies.SubRefreshResult: _TTL,
        replies.PublishResult: (),
        replies.PresenceResult: _fields(presence=(1, Kind.MESSAGE_MAP, ClientInfo)),
        replies.PresenceStatsResult: _fields(num_clients=(1, Kind.UINT32), num_users=(2, Kind.UINT32)),
        replies.HistoryResult: _fields(
            publications=(1, Kind.MESSAGES, pushes.PublicationBody), epoch=(2, _STRING), offset=(3, Kind.UINT64)
        ),
        replies.RpcResult: _fields(data=(1, _BYTES)),
        replies.UnsubscribeResult: (),
        replies.PingResult: (),
        replies.Reply: _fields(
            id=(1, Kind.UINT32),
            error=(2, _MESSAGE, ReplyError),
            push=(4, _MESSAGE, pushes.ServerPush),
            connect=(5, _MESSAGE, replies.ConnectResult),
            subscribe=(6, _MESSAGE, replies.SubscribeResult),
            unsubscribe=(7, _MESSAGE, replies.UnsubscribeResult),
            publish=(8, _MESSAGE, replies.PublishResult),
            presence=(9, _MESSAGE, replies.PresenceResult),
            presence_stats=(10, _MESSAGE, replies.PresenceStatsResult),
            history=(11, _MESSAGE, replies.HistoryResult),
            ping=(12, _MESSAGE, replies.PingResult),
            rpc=(13, _MESSAGE, replies.RpcResult),
            refresh=(14, _MESSAGE, replies.RefreshResult),
            sub_refresh=(15, _MESSAGE, replies.SubRefreshResult),
        ),
    }
)
"""What we send."""
