"""`unsubscribe`: ends a subscription of a user's connections, on every gateway."""

from domain.gateway_control import ControlKind
from push_service.gateway.server_api.addressing import Addressing
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.method import ApiRequest, Nothing
from push_service.gateway.server_api.ordering import Ordering, client_of


class UnsubscribeRequest(ApiRequest, frozen=True):
    """Who, and what."""

    user: str
    channel: str
    client: str = ""


class Unsubscribe:
    """The client gets code 2000: its SDK does not subscribe again by itself."""

    def __init__(self, addressing: Addressing, ordering: Ordering) -> None:
        self._addressing = addressing
        self._ordering = ordering

    async def __call__(self, caller: Caller, request: UnsubscribeRequest) -> Nothing:
        tenant, user = self._addressing.user(caller, request.user)
        channel = str(self._addressing.channel(caller, request.channel))
        client = client_of(request.client)
        return await self._ordering.give(ControlKind.UNSUBSCRIBE, tenant, user=user, client=client, channel=channel)
