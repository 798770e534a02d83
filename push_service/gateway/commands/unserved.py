"""Commands of the protocol that this gateway does not serve."""

from typing import NoReturn

import msgspec

from push_service.gateway.protocol.commands import SendRequest
from push_service.gateway.protocol.disconnects import NOT_AVAILABLE as NOT_AVAILABLE_DISCONNECT
from push_service.gateway.protocol.disconnects import DisconnectError
from push_service.gateway.protocol.errors import NOT_AVAILABLE, CommandError
from push_service.gateway.sessions.session import Session


def refuse(_session: Session, _request: msgspec.Struct) -> NoReturn:
    """108: SDKs pass it on to the application."""
    raise CommandError(NOT_AVAILABLE)


def refuse_message(_session: Session, _request: SendRequest) -> NoReturn:
    """`send` has no reply that could hold an error: 3508 ends the connection."""
    raise DisconnectError(NOT_AVAILABLE_DISCONNECT)
