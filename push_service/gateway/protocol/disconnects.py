"""Why we close a connection. Restated from centrifuge's disconnect.go and the SDKs' rule for codes:

3000 to 3499 and 4000 to 4499: the SDK connects again, with its positions. 3500 to 3999 and 4500 to 4999: it does not.
Over a WebSocket they are the code and reason of the close frame.
"""

import msgspec


class Disconnect(msgspec.Struct, frozen=True):
    """A code and a reason for people."""

    code: int
    reason: str


class DisconnectError(Exception):
    """Raised by a command: the connection is closed with `disconnect`."""

    def __init__(self, disconnect: Disconnect) -> None:
        super().__init__(disconnect.reason)
        self.disconnect = disconnect


SHUTDOWN = Disconnect(3001, "shutdown")
SERVER_ERROR = Disconnect(3004, "internal server error")
EXPIRED = Disconnect(3005, "connection expired")
SLOW = Disconnect(3008, "slow")
INSUFFICIENT_STATE = Disconnect(3010, "insufficient state")
NO_PONG = Disconnect(3012, "no pong")
TOO_MANY_REQUESTS = Disconnect(3013, "too many requests")
INVALID_TOKEN = Disconnect(3500, "invalid token")
BAD_REQUEST = Disconnect(3501, "bad request")
STALE = Disconnect(3502, "stale")
FORCED = Disconnect(3503, "force disconnect")
NOT_AVAILABLE = Disconnect(3508, "not available")
