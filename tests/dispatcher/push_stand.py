"""Notifications in a real PostgreSQL and Kafka in memory: what comes after a notification was stored."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import Engine, text

from backbone.codec import AvroCodec
from backbone.memory.cluster import MemoryCluster
from backbone.memory.publishers import MemoryBatchPublisher
from backbone.memory_registry import MemoryRegistry
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import DEAD_LETTERS, PUSH_RECEIPTS, TOPICS, Topic
from domain.delivery_step import PushReceipt
from domain.installation import Installation, Provider
from domain.instants import HOUR, Micros
from domain.notification import NoticeContent
from domain.push_request import PushRequest
from domain.push_state import PushState
from push_service.dispatcher.outbox import OUTBOXES
from storage.memory.push_targets import MemoryPushTargets
from storage.postgres.engine import open_sync_engine
from storage.postgres.migrations import migrate
from storage.postgres.push_decisions import PushDecisions
from storage.postgres.settings import PostgresSettings
from storage.push_decisions import NoticeKey
from tests.storage.installed import installation

TENANT, USER = "acme", "ann"

_INSERT = text(
    "INSERT INTO notifications (tenant, user_id, id, source, type, title, body, data, priority, created_at, "
    "accepted_at, expires_at, classified_at, push_state) VALUES (:tenant, :user, :id, 's', :type, :title, :body, "
    ":data, :priority, to_timestamp(:created_at / 1e6), to_timestamp(:accepted_at / 1e6), "
    "to_timestamp(:expires_at / 1e6), now(), :state)"
)


def now_micros() -> Micros:
    return time.time_ns() // 1000


def content(**changes: Any) -> NoticeContent:
    now = now_micros()
    made = NoticeContent(
        type="like", title="New like", body="Bob likes it", created_at=now, accepted_at=now, expires_at=now + HOUR
    )
    return msgspec.structs.replace(made, **changes)


def key(name: str, user: str = USER) -> NoticeKey:
    return NoticeKey(TENANT, user, name)


class PushStand:
    """`targets` begins with one phone of `ann`."""

    def __init__(self, engine: Engine) -> None:
        """Begins with no notifications: what was there before is removed."""
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM notifications"))
        self.engine = engine
        self.cluster = MemoryCluster()
        registry = MemoryRegistry()
        for topic in (*TOPICS, *DEAD_LETTERS):
            self.cluster.create_topic(topic.name, 2)
            if topic.record is not None:
                registry.register(topic.subject, schema_text(SchemaFiles().current(topic.record)))
        self.codec = AvroCodec(registry)
        self.publisher = MemoryBatchPublisher(self.cluster)
        self.targets = MemoryPushTargets(installation("phone", USER))
        self.decisions = PushDecisions(engine)
        self.metrics = CollectorRegistry()

    def store(self, name: str, state: PushState, user: str = USER, **changes: Any) -> NoticeContent:
        """A notification as the dispatcher stores it; returns what it tells."""
        told = content(**changes)
        values = msgspec.structs.asdict(told)
        with self.engine.begin() as connection:
            connection.execute(_INSERT, {**values, **key(name, user)._asdict(), "state": state.value})
        return told

    def state(self, name: str, user: str = USER) -> PushState:
        with self.engine.begin() as connection:
            found = connection.scalar(
                text("SELECT push_state FROM notifications WHERE id = :id AND user_id = :user"),
                {"id": name, "user": user},
            )
        return PushState(found or "")

    def requests(self, provider: Provider = Provider.FCM) -> list[PushRequest]:
        return self.read(OUTBOXES[provider], PushRequest)

    def receipts(self) -> list[PushReceipt]:
        return self.read(PUSH_RECEIPTS, PushReceipt)

    def steps(self, name: str) -> list[tuple[str, str | None]]:
        return [(each.step, each.outcome) for each in self.receipts() if each.notification == name]

    def read(self, topic: Topic, into: type[Any]) -> list[Any]:
        return [self.codec.decode(each.value or b"", into) for each in self.cluster.records(topic.name)]


@contextmanager
def push_stand(url: str) -> Iterator[PushStand]:
    settings = PostgresSettings(url=SecretStr(url))
    migrate(settings)
    engine = open_sync_engine(settings, "tests")
    try:
        yield PushStand(engine)
    finally:
        engine.dispose()


def phone(name: str = "phone", user: str = USER, **changes: Any) -> Installation:
    return installation(name, user, **changes)
