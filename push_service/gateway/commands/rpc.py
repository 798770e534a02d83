"""`rpc`: methods of ours, by name."""

from collections.abc import Awaitable, Mapping
from typing import Protocol

import msgspec

from push_service.gateway.protocol.commands import RpcRequest
from push_service.gateway.protocol.errors import NOT_AVAILABLE, CommandError
from push_service.gateway.protocol.replies import RpcResult
from push_service.gateway.sessions.session import Session


class RpcMethod(Protocol):
    """Answers calls of one name. Raises CommandError."""

    def __call__(self, session: Session, data: msgspec.Raw) -> Awaitable[RpcResult]: ...


class RpcCommand:
    """Looks the method up."""

    def __init__(self, methods: Mapping[str, RpcMethod]) -> None:
        self._methods = methods

    def __call__(self, session: Session, request: RpcRequest) -> Awaitable[RpcResult]:
        method = self._methods.get(request.method)
        if method is None:
            raise CommandError(NOT_AVAILABLE)
        return method(session, request.data)
