"""`disconnect`: ends a user's connections, on every gateway."""

import msgspec

from domain.gateway_control import ControlKind
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.errors import BAD_REQUEST, ApiError
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest, Nothing
from push_service.gateway.server_api.ordering import MAX_CLIENTS, Ordering, client_of

MAX_REASON_BYTES = 123
"""Of a WebSocket's close frame (RFC 6455 section 5.5: 125 bytes, less the code)."""


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the client is told: the code says whether its SDK comes back."""

    code: int
    reason: str = ""


class DisconnectRequest(ApiRequest, frozen=True):
    """Whose connections, and which."""

    user: str
    client: str = ""
    whitelist: list[str] = msgspec.field(default_factory=list)
    disconnect: Code | None = None


class Disconnect:
    """3503, "force disconnect", unless the request says otherwise: then the SDK stays away."""

    def __init__(self, addressing: Addressing, ordering: Ordering) -> None:
        self._addressing = addressing
        self._ordering = ordering

    async def __call__(self, caller: Caller, request: DisconnectRequest) -> Nothing:
        tenant, user = self._addressing.user(caller, request.user)
        if len(request.whitelist) > MAX_CLIENTS:
            raise ApiError(BAD_REQUEST, f"over {MAX_CLIENTS} clients in whitelist")
        code = request.disconnect or Code(0)
        if request.disconnect is not None and not 3000 <= code.code <= 4999:
            raise ApiError(BAD_REQUEST, "disconnect.code is 3000 to 4999")
        if len(code.reason.encode()) > MAX_REASON_BYTES:
            raise ApiError(BAD_REQUEST, f"disconnect.reason is over {MAX_REASON_BYTES} bytes")
        return await self._ordering.give(
            ControlKind.DISCONNECT,
            tenant,
            user=user,
            client=client_of(request.client),
            except_clients=[each for each in request.whitelist if client_of(each)],
            code=code.code,
            reason=code.reason,
        )
