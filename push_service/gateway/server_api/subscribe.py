"""`subscribe`: makes a user's connections follow a channel, on every gateway."""

import msgspec

from domain.gateway_control import ControlKind
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.errors import UNKNOWN_CHANNEL, ApiError
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest, Nothing
from push_service.gateway.server_api.ordering import Ordering, client_of, json_of


class SubscribeRequest(ApiRequest, frozen=True):
    """Who, and what."""

    user: str
    channel: str
    client: str = ""
    data: msgspec.Raw = msgspec.Raw()
    """For the client, in place of the channel's state."""


class Subscribe:
    """For connections that are open now; later ones subscribe by themselves, or by their tokens."""

    def __init__(self, addressing: Addressing, ordering: Ordering) -> None:
        self._addressing = addressing
        self._ordering = ordering

    async def __call__(self, caller: Caller, request: SubscribeRequest) -> Nothing:
        tenant, user = self._addressing.user(caller, request.user)
        channel = self._addressing.channel(caller, request.channel)
        if not self._addressing.is_of(tenant, channel):
            raise ApiError(UNKNOWN_CHANNEL)  # of another tenant than the user
        return await self._ordering.give(
            ControlKind.SUBSCRIBE,
            tenant,
            user=user,
            client=client_of(request.client),
            channel=str(channel),
            data=json_of(request.data, "data"),
        )
