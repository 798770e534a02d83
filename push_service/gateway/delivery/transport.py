"""What a session needs of the way its client came: a WebSocket, or a stream over HTTP."""

from typing import Protocol

from push_service.gateway.delivery.push import Pushed
from push_service.gateway.protocol.codec import Codec
from push_service.gateway.protocol.disconnects import Disconnect


class Transport(Protocol):
    """Writes to one client. Nothing here blocks or raises; after `close` everything is ignored."""

    @property
    def codec(self) -> Codec:
        """The encoding that the client chose."""

    def send(self, payload: bytes) -> None:
        """An encoded reply. Never dropped while the connection lives."""

    def push(self, push: Pushed) -> None:
        """A push: a slow client may get only the newest of an entity, where the push allows it."""

    def close(self, disconnect: Disconnect) -> None:
        """Tells the client why, and ends the connection."""

    def authenticated(self) -> None:
        """The client has said who it is: it need no longer hurry."""
