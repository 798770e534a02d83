"""Errors of the server API, in replies of status 200: `{"error": {"code": ..., "message": ...}}`."""

import msgspec


class ApiErrorBody(msgspec.Struct, frozen=True):
    """What a reply has instead of a result."""

    code: int
    message: str


class ApiError(Exception):
    """Raised by a method: the reply is this error. The detail is for people, and never quotes what is another's."""

    def __init__(self, body: ApiErrorBody, detail: str = "") -> None:
        message = f"{body.message}: {detail}" if detail else body.message
        super().__init__(message)
        self.body = ApiErrorBody(body.code, message)


INTERNAL = ApiErrorBody(100, "internal server error")
"""Something that the answer needs is away: ask again."""
UNKNOWN_CHANNEL = ApiErrorBody(102, "unknown channel")
"""No channel, or none of the key's tenant."""
METHOD_NOT_FOUND = ApiErrorBody(104, "method not found")
BAD_REQUEST = ApiErrorBody(107, "bad request")
NOT_AVAILABLE = ApiErrorBody(108, "not available")
UNRECOVERABLE_POSITION = ApiErrorBody(112, "unrecoverable position")
