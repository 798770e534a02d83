"""Errors in replies: the connection stays open. Codes and messages restated from centrifuge's errors.go.

SDKs try again by themselves what is temporary; after 109 they fetch a new token first.
"""

import msgspec


class ReplyError(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `error` of a reply."""

    code: int
    message: str
    temporary: bool = False


class CommandError(Exception):
    """Raised by a command: it is answered with `error`."""

    def __init__(self, error: ReplyError) -> None:
        super().__init__(error.message)
        self.error = error


INTERNAL = ReplyError(100, "internal server error", temporary=True)
PERMISSION_DENIED = ReplyError(103, "permission denied")
ALREADY_SUBSCRIBED = ReplyError(105, "already subscribed")
LIMIT_EXCEEDED = ReplyError(106, "limit exceeded")
BAD_REQUEST = ReplyError(107, "bad request")
NOT_AVAILABLE = ReplyError(108, "not available")
TOKEN_EXPIRED = ReplyError(109, "token expired")
TOO_MANY_REQUESTS = ReplyError(111, "too many requests", temporary=True)
UNRECOVERABLE_POSITION = ReplyError(112, "unrecoverable position")
