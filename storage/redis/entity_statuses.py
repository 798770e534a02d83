"""What `route` remembers of orders and assets, in Redis."""

from domain.entity_status import EntityStatus
from storage.redis.connection import SyncRedis
from storage.redis.keys import status_mark, status_of
from storage.redis.processor_states import RedisProcessorStates, StateLayout

KEEP_SECONDS = 180 * 24 * 60 * 60
"""Longer than an order lives. A status that is forgotten no longer stops one with a lower version."""


def redis_entity_statuses(client: SyncRedis) -> RedisProcessorStates[EntityStatus]:
    """The statuses of entities, named `FLEET/ENTITY` such as `acme/order/A-1001`."""
    return RedisProcessorStates(client, StateLayout(status_mark, status_of, EntityStatus, KEEP_SECONDS))
