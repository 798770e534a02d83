"""Gives orders: a record that every gateway reads."""

from backbone.headers import event_headers
from backbone.publishing import AsyncPublishing, PublishFailed
from backbone.record import OutRecord
from backbone.topics import GATEWAY_CONTROL
from domain.gateway_control import GatewayControl
from push_service.gateway.live_publisher import Encoder
from runtime.trace import new_trace


class OrderPublisher:
    """An order is given once Kafka has it: then no gateway can miss it, be it one that starts later."""

    def __init__(self, publisher: AsyncPublishing, encoder: Encoder) -> None:
        self._publisher = publisher
        self._encoder = encoder

    async def give(self, order: GatewayControl) -> PublishFailed | None:
        """None when Kafka has it. Raises UnencodableRecord."""
        trace = str(new_trace()).encode()
        headers = event_headers(order.id, "fleetcast.gateway-control", "/gateway", order.ordered_at, trace)
        value = self._encoder.encode(GATEWAY_CONTROL, order)
        (outcome,) = await self._publisher.publish(
            [OutRecord(GATEWAY_CONTROL.name, order.key.encode(), value, headers)]
        )
        return outcome if isinstance(outcome, PublishFailed) else None
