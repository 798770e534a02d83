"""`refresh`: a user's connections end at another time than their tokens said, on every gateway."""

from domain.gateway_control import ControlKind
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest, Nothing
from push_service.gateway.server_api.ordering import Ordering, client_of, instant_of


class RefreshRequest(ApiRequest, frozen=True):
    """Whose connections, and until when."""

    user: str
    client: str = ""
    expired: bool = False
    """Now: the SDK comes back with a new token."""
    expire_at: int = 0
    """A Unix time in seconds; 0: no end."""


class Refresh:
    """For connections that are open now."""

    def __init__(self, addressing: Addressing, ordering: Ordering) -> None:
        self._addressing = addressing
        self._ordering = ordering

    async def __call__(self, caller: Caller, request: RefreshRequest) -> Nothing:
        tenant, user = self._addressing.user(caller, request.user)
        expires_at = instant_of(request.expire_at, "expire_at")
        if request.expired:
            expires_at = self._ordering.now
        client = client_of(request.client)
        return await self._ordering.give(ControlKind.REFRESH, tenant, user=user, client=client, expires_at=expires_at)
