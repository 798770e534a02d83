"""What a client has open: who it is, what it follows, what it waits for. It knows no command and no transport."""

import os
from collections.abc import Callable

import msgspec

from access.subscription_grant import SubscriptionGrant
from access.viewer import Viewer
from push_service.gateway.delivery.transport import Transport
from push_service.gateway.protocol.commands import Command
from push_service.gateway.protocol.disconnects import Disconnect
from push_service.gateway.protocol.replies import Reply
from push_service.gateway.reading.feed_table import OpenPartition
from runtime.token_bucket import TokenBucket


class Emulated(msgspec.Struct, frozen=True):
    """How commands find the session of a transport that only streams replies."""

    session: str
    """A secret between us and the client."""
    node: str
    """The gateway that it lives on."""


class Session:
    """One connection's state. Small, for there are thousands."""

    __slots__ = (
        "_on_closed",
        "allowance",
        "awaits_pong",
        "client",
        "closed",
        "emulated",
        "grants",
        "held",
        "publishes",
        "subscribing",
        "subscriptions",
        "transport",
        "viewer",
    )

    def __init__(self, transport: Transport, allowance: TokenBucket, on_closed: Callable[["Session"], None]) -> None:
        self.transport = transport
        self.allowance = allowance
        """A token for each command."""
        self.client = os.urandom(16).hex()
        self.viewer: Viewer | None = None
        self.awaits_pong = False
        self.closed = False
        self.emulated: Emulated | None = None
        """None on a WebSocket, which takes commands itself."""
        self.held: list[Command] | None = None
        """What came while the connect was being answered; None when it is not."""
        self.publishes: TokenBucket | None = None
        """A token for each publish; None before the first."""
        self.subscriptions: dict[str, OpenPartition] = {}
        """Channels that are followed, and where they are read."""
        self.subscribing: dict[str, object] = {}
        """Channels whose subscribe is being worked on, each with the attempt: it is given up by removing it."""
        self.grants: dict[str, SubscriptionGrant] | None = None
        """Of the subscriptions that rest on a token of their own, by channel; see `Grants`."""
        self._on_closed = on_closed

    def reply(self, reply: Reply) -> None:
        """Answers a command."""
        if not self.closed:
            transport = self.transport
            transport.send(transport.codec.encode(reply))

    def ping(self) -> None:
        """Asks the client whether it is there."""
        self.awaits_pong = True
        self.transport.send(self.transport.codec.ping)

    def disconnect(self, disconnect: Disconnect) -> None:
        """Ends the connection and says why."""
        self.transport.close(disconnect)
        self.close()

    def close(self) -> None:
        """The connection is over, whoever ended it: lets go of everything. May be called again."""
        if not self.closed:
            self.closed = True
            self.subscribing.clear()
            self._on_closed(self)
