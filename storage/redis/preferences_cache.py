"""Preferences of users in Redis, as who changes them writes them."""

from domain.instants import SECOND, Micros
from storage.redis.connection import AsyncRedis, outages_translated
from storage.redis.keys import notices
from storage.redis.notice_scripts import KEEP_SECONDS


class RedisPreferencesCache:
    """A `PreferencesCache` over a Redis client of the event loop."""

    def __init__(self, client: AsyncRedis) -> None:
        self._client = client

    async def set(self, tenant: str, user: str, document: bytes, now: Micros) -> None:
        """See PreferencesCache."""
        key = notices(tenant, user)
        with outages_translated():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.hset(key, "p", b"%d%b" % (now // SECOND, document))
            pipeline.expire(key, KEEP_SECONDS)
            await pipeline.execute()
