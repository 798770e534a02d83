"""`revoke_user` (in Centrifugo `invalidate_user_tokens`): all tokens of a user that were issued until now."""

from domain.gateway_control import ControlKind
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest, Nothing
from push_service.gateway.server_api.ordering import Ordering
from push_service.gateway.server_api.revocation import revoked_until


class RevokeUserRequest(ApiRequest, frozen=True):
    """Whose tokens, and for how long that is remembered."""

    user: str
    expire_at: int = 0
    """When the last of these tokens has ended, as a Unix time in seconds; 0: the longest that can be."""


class RevokeUser:
    """Open connections end with 3500, and such tokens open none; tokens issued later are good."""

    def __init__(self, addressing: Addressing, ordering: Ordering) -> None:
        self._addressing = addressing
        self._ordering = ordering

    async def __call__(self, caller: Caller, request: RevokeUserRequest) -> Nothing:
        tenant, user = self._addressing.user(caller, request.user)
        until = revoked_until(request.expire_at, self._ordering.now)
        return await self._ordering.give(ControlKind.REVOKE_USER, tenant, user=user, expires_at=until)
