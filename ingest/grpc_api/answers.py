"""How gRPC calls are read and answered: replies, and calls that fail with a status that a program can read."""

import asyncio
from typing import TypeAlias

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc.aio import ServicerContext

from ingest.grpc_api.generated import notifications_pb2 as pb
from ingest.grpc_api.problems import MALFORMED_MESSAGE, code_of, is_retryable
from ingest.responses import RETRY_SECONDS, Accepted, Result
from runtime.http.problem import Problem

Context = ServicerContext[bytes, bytes]
Methods: TypeAlias = "dict[str, grpc.RpcMethodHandler[bytes, bytes]]"
MAX_ERRORS = 5
"""Of a call that fails: they travel in headers, of which clients take up to 8 KiB."""
_MAX_DETAIL = 300
_MAX_POINTER = 150
STATUS_SECONDS = 2.0
"""What the end of a call may take to be sent."""


async def only_message(context: Context) -> bytes:
    """The message of a call that has one. Raises Problem (400) when the client sends none."""
    raw: object = await context.read()
    if not isinstance(raw, bytes):  # grpc.aio.EOF
        raise Problem(MALFORMED_MESSAGE, "the call has no message")
    return raw


def encoded(message: Message) -> bytes:
    """The bytes of a message."""
    return bytes(message.SerializeToString())


def reply_of(index: int, result: Result) -> pb.SendReply:
    """What became of the request with this index."""
    if isinstance(result, Accepted):
        return pb.SendReply(index=index, id=result.id)
    return pb.SendReply(index=index, problem=_message(result, len(result.errors)))


async def fail(context: Context, problem: Problem) -> None:
    """Ends the call with this problem: `google.rpc.Status` in the trailers, as gRPC libraries decode it."""
    code = code_of(problem.type)
    message = _message(problem, MAX_ERRORS)
    status = Status(code=code.value[0], message=message.detail)
    status.details.append(_packed(message))
    trailers: list[tuple[str, str | bytes]] = []
    if message.retryable:
        status.details.append(_packed(RetryInfo(retry_delay=message.retry_after)))
        trailers.append(("grpc-retry-pushback-ms", str(message.retry_after.seconds * 1_000)))
    trailers.append(("grpc-status-details-bin", status.SerializeToString()))
    try:
        async with asyncio.timeout(STATUS_SECONDS):
            await context.abort(code, message.detail, tuple(trailers))
    except TimeoutError:
        # The status waits behind answers that the client does not take. A handler that ends as cancelled lets go of
        # the call, and gRPC resets its stream.
        raise asyncio.CancelledError from None


def _message(problem: Problem, most_errors: int) -> pb.Problem:
    message = pb.Problem(
        type=problem.type.uri,
        title=problem.title,
        detail=problem.detail[:_MAX_DETAIL],
        errors=[
            pb.FieldError(
                pointer=each["pointer"][:_MAX_POINTER], detail=each["detail"][:_MAX_DETAIL], type=each["type"]
            )
            for each in problem.errors[:most_errors]
        ],
    )
    if is_retryable(problem.type):
        message.retryable = True
        message.retry_after.CopyFrom(Duration(seconds=int(problem.headers.get("Retry-After", RETRY_SECONDS))))
    return message


def _packed(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
