"""What a command is."""

from collections.abc import Awaitable
from typing import Any, Protocol

import msgspec

from push_service.gateway.sessions.session import Session


class Handler(Protocol):
    """Answers one kind of request.

    The result is given at once, or by an awaitable when something must be waited for; None: there is nobody to answer
    any more. Raises CommandError, which becomes the reply's error, or DisconnectError, which ends the connection.
    """

    def __call__(self, session: Session, request: Any, /) -> msgspec.Struct | Awaitable[msgspec.Struct | None]: ...
