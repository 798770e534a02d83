"""The answers of the gRPC interface to what HTTP has no word for, and the status code of every answer."""

from grpc import StatusCode

from runtime.http.problem import ProblemType

MALFORMED_MESSAGE = ProblemType(
    "malformed-message", 400, "Not Protobuf", "gRPC: the message is not Protobuf, or a text in it is not UTF-8."
)
CALL_TIMEOUT = ProblemType(
    "call-timeout",
    504,
    "Call too slow",
    "gRPC: the call took longer than the server allows. Send the same again, with the same ids.",
)
STREAM_IDLE = ProblemType(
    "stream-idle", 408, "Stream idle", "gRPC: the stream brought nothing for the time in `detail`; open another one."
)
SLOW_READER = ProblemType(
    "slow-reader",
    408,
    "Answers not read",
    "gRPC: the client did not take the stream's answers for the time in `detail`. Send what was not answered again.",
)
STOPPING = ProblemType(
    "stopping",
    503,
    "Server stopping",
    "gRPC: this server is about to stop. Send what was not answered again, over a new connection.",
)
GRPC_PROBLEMS = (MALFORMED_MESSAGE, CALL_TIMEOUT, STREAM_IDLE, SLOW_READER, STOPPING)

_CODES = {
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    408: StatusCode.ABORTED,
    429: StatusCode.RESOURCE_EXHAUSTED,
    500: StatusCode.INTERNAL,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}


def code_of(kind: ProblemType) -> StatusCode:
    """How a call that fails with this problem ends."""
    return _CODES.get(kind.status, StatusCode.INVALID_ARGUMENT)


def is_retryable(kind: ProblemType) -> bool:
    """Whether the same request may be taken a bit later."""
    return kind.status in _CODES and kind.status not in (401, 403)
