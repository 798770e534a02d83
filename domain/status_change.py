"""A change of an entity's status."""

import msgspec

from domain.instants import Micros
from domain.ping import Attributes

FINAL_ORDER_STATUSES = frozenset({"delivered", "cancelled", "returned"})
"""After one of these an order's channel carries no more positions."""


class StatusChange(msgspec.Struct, frozen=True):
    """One status of one entity. Field names are those of `schemas/avro/StatusChange.avsc`."""

    id: str
    fleet: str
    entity: str
    """`order/A-1001` or `asset/truck-7`."""
    status: str
    time: Micros
    received_at: Micros
    version: int
    """What the sender gave, else `time`: a status of a lower or the same version never replaces another."""
    credential: str | None
    attributes: Attributes = {}

    @property
    def key(self) -> str:
        """The Kafka key: `fleet/entity`, such as `acme/order/A-1001`."""
        return f"{self.fleet}/{self.entity}"
