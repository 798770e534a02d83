"""`revoke_token`: one token, of a connection or of a subscription, by its `jti`."""

from domain.gateway_control import ControlKind
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.errors import BAD_REQUEST, ApiError
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest, Nothing
from push_service.gateway.server_api.ordering import Ordering
from push_service.gateway.server_api.revocation import revoked_until

MAX_UID = 256


class RevokeTokenRequest(ApiRequest, frozen=True):
    """Which token, and for how long that is remembered."""

    uid: str
    """Its `jti`; with a key that opens every tenant, `tenant/jti`."""
    expire_at: int = 0
    """When the token ends, as a Unix time in seconds; 0: the longest that can be."""


class RevokeToken:
    """What rests on the token ends: the connection with 3500, a subscription with 2001."""

    def __init__(self, addressing: Addressing, ordering: Ordering) -> None:
        self._addressing = addressing
        self._ordering = ordering

    async def __call__(self, caller: Caller, request: RevokeTokenRequest) -> Nothing:
        tenant, uid = self._addressing.token(caller, request.uid)
        if not 1 <= len(uid) <= MAX_UID:
            raise ApiError(BAD_REQUEST, f"uid has 1 to {MAX_UID} characters")
        until = revoked_until(request.expire_at, self._ordering.now)
        return await self._ordering.give(ControlKind.REVOKE_TOKEN, tenant, token_id=uid, expires_at=until)
