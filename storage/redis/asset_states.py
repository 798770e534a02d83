"""What `enrich` remembers of assets, in Redis."""

from domain.last_position import AssetState
from storage.redis.connection import SyncRedis
from storage.redis.keys import enrich_asset, enrich_mark
from storage.redis.processor_states import RedisProcessorStates, StateLayout

KEEP_SECONDS = 30 * 24 * 60 * 60
"""Well over the age at which a fix is too old to be shown: what is forgotten then no longer decides anything."""


def redis_asset_states(client: SyncRedis) -> RedisProcessorStates[AssetState]:
    """The states of assets, named `FLEET/ASSET`."""
    return RedisProcessorStates(client, StateLayout(enrich_mark, enrich_asset, AssetState, KEEP_SECONDS))
