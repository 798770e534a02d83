"""The dispatcher's world with a real Redis and a real PostgreSQL, for what is asked of them; Kafka stays in memory."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from pydantic import SecretStr
from sqlalchemy import Engine, text

from domain.push_state import PushState
from storage.postgres.notification_log import NotificationLog
from storage.postgres.push_decisions import PushDecisions
from storage.redis.connection import SyncRedis, connect_sync
from storage.redis.keys import connections, gateway_leases
from storage.redis.notices import RedisNotices
from storage.redis.settings import RedisSettings
from tests.dispatcher.world import TENANT, World
from tests.storage.notification_rows import migrated_sync_engine

GATEWAY = "a-gateway"


class PostgresRows(NotificationLog, PushDecisions):
    """History and decisions, over the same rows."""


class RealWorld(World):
    """What was asked of stores in memory is asked of real ones."""

    def __init__(self, engine: Engine, client: SyncRedis) -> None:
        super().__init__()
        self.engine = engine
        self.client = client
        self.connected: set[str] = set()
        self.notices = RedisNotices(client)
        self.rows = PostgresRows(engine)

    def connect(self, user: str) -> None:
        self.connected.add(user)
        self.client.zadd(gateway_leases(), {GATEWAY: 10**15})
        self.client.hset(connections(TENANT, user), f"{GATEWAY}|client|{user}", "{}")

    def empty_redis(self) -> None:
        self.client.flushdb()
        for user in self.connected:
            self.connect(user)

    def history(self) -> dict[str, PushState]:
        with self.engine.begin() as connection:
            rows = connection.execute(text("SELECT id, push_state FROM notifications")).all()
        assert len({row.id for row in rows}) == len(rows)
        return {row.id: PushState(row.push_state) for row in rows}


@contextmanager
def real_world(postgres_url: str, redis_url: str) -> Iterator[RealWorld]:
    client = connect_sync(RedisSettings(url=SecretStr(redis_url)))
    assert isinstance(client, redis.Redis)
    with migrated_sync_engine(postgres_url) as engine:
        yield RealWorld(engine, client)
    client.close()
