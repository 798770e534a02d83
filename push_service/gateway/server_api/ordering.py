"""From a request to an order that every gateway carries out."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from domain.gateway_control import ControlKind, GatewayControl
from domain.instants import SECOND, Micros
from push_service.gateway.control.order_publisher import OrderPublisher
from push_service.gateway.server_api.errors import BAD_REQUEST, INTERNAL, ApiError
from push_service.gateway.server_api.method import Nothing

MAX_TIME = 253_402_300_799
"""The end of the year 9999, in seconds."""
MAX_CLIENTS = 1_000
MAX_CLIENT_CHARACTERS = 128
MAX_JSON_BYTES = 16_384


class Ordering:
    """Gives orders for the methods. `clock` gives instants."""

    def __init__(self, orders: OrderPublisher, clock: Callable[[], Micros] = lambda: time.time_ns() // 1_000) -> None:
        self._orders = orders
        self._clock = clock

    @property
    def now(self) -> Micros:
        """This instant."""
        return self._clock()

    async def give(self, kind: ControlKind, tenant: str, **what: Any) -> Nothing:
        """Returns once no gateway can miss the order. `what` is the rest of GatewayControl. Raises ApiError 100."""
        order = GatewayControl(id=str(uuid.uuid4()), kind=kind, tenant=tenant, ordered_at=self._clock(), **what)
        if await self._orders.give(order) is not None:
            raise ApiError(INTERNAL, "Kafka did not acknowledge the order in time; give it again")
        return Nothing()


def instant_of(seconds: int, name: str) -> Micros | None:
    """A Unix time; 0: None. Raises ApiError."""
    if not 0 <= seconds <= MAX_TIME:
        raise ApiError(BAD_REQUEST, f"{name} is not a Unix time in seconds")
    return seconds * SECOND if seconds else None


def client_of(client: str) -> str | None:
    """One connection's id; empty: None. Raises ApiError."""
    if len(client) > MAX_CLIENT_CHARACTERS:
        raise ApiError(BAD_REQUEST, f"a client has at most {MAX_CLIENT_CHARACTERS} characters")
    return client or None


def json_of(data: msgspec.Raw, name: str) -> bytes | None:
    """JSON of a request as it stands; None if it was left out. Raises ApiError."""
    if len(bytes(data)) > MAX_JSON_BYTES:
        raise ApiError(BAD_REQUEST, f"{name} is over {MAX_JSON_BYTES} bytes")
    return bytes(data) or None
