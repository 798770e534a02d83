"""What the dispatcher does when nobody acknowledged: a row that is queued, and a request in the provider's outbox."""

import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from backbone.batch_publisher import BatchPublisher
from backbone.codec import AvroCodec
from backbone.kafka_metrics import PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.record import InRecord, OutRecord
from backbone.registry import SchemaRegistry
from backbone.registry_settings import RegistrySettings
from backbone.topic_scan import TopicScan
from backbone.topics import PUSH_RECEIPTS, push_outbox
from benchmarks.phones.stand import PhoneStand
from domain.delivery_step import PushReceipt
from domain.instants import SECOND, Micros
from domain.notification import NoticeContent
from domain.push_request import PushRequest
from storage.postgres.installation_reading import token_hash

TENANT = "acme"
PLATFORMS: Mapping[str, str] = {"fcm": "android", "apns": "ios"}

_NOTIFICATIONS = text("""
INSERT INTO notifications (tenant, user_id, id, source, type, title, body, priority, created_at, accepted_at,
    expires_at, classified_at, push_state)
SELECT :tenant, user_id, id, 'stand', 'order_status', 'Order A-1001', 'is loaded', 'high', now(), now(),
    now() + make_interval(secs => :ttl), now(), 'queued'
FROM unnest(CAST(:users AS text[]), CAST(:ids AS text[])) AS t (user_id, id)
""")
_INSTALLATIONS = text("""
INSERT INTO installations (tenant, id, user_id, provider, platform, push_token, token_hash, token_at, environment,
    created_at, refreshed_at)
SELECT :tenant, id, user_id, :provider, :platform, push_token, token_hash, to_timestamp(:token_at), :environment,
    now(), now()
FROM unnest(CAST(:ids AS text[]), CAST(:users AS text[]), CAST(:tokens AS text[]), CAST(:hashes AS bytea[]))
    AS t (id, user_id, push_token, token_hash)
""")


def now_micros() -> Micros:
    return time.time_ns() // 1000


class Dispatching:
    """`users` of each provider have a phone; requests go to them in turn."""

    def __init__(self, stand: PhoneStand, users: int = 1_000, providers: Sequence[str] = ("fcm", "apns")) -> None:
        kafka = KafkaSettings(bootstrap=stand.stack.kafka_bootstrap)
        self._registry = SchemaRegistry.of(RegistrySettings(url=stand.stack.registry_url))
        self._codec = AvroCodec(self._registry)
        self._publisher = BatchPublisher(kafka, PublisherMetrics(CollectorRegistry()), threading.Event())
        self._scan = TopicScan(kafka)
        self._engine: Engine = stand.engine
        self._token_at = time.time_ns() // 1_000_000_000 - 3_600
        self._users = users
        self._turn = 0
        for provider in providers:
            self._install(provider)

    def close(self) -> None:
        self._publisher.close()
        self._registry.close()

    def queue(self, provider: str, count: int, ttl: float = 3_600.0) -> list[PushRequest]:
        """So many notifications, `ttl` seconds from their end. They are `queued_at` when they go to the outbox."""
        requests = [self._request(provider, ttl) for _ in range(count)]
        columns = {"users": [each.user for each in requests], "ids": [each.id for each in requests]}
        with self._engine.begin() as connection:
            connection.execute(_NOTIFICATIONS, {"tenant": TENANT, "ttl": ttl, **columns})
        topic, now = push_outbox(provider), now_micros()
        requests = [msgspec.structs.replace(each, queued_at=now) for each in requests]
        self._publisher.publish(
            [OutRecord(topic.name, each.key.encode(), self._codec.encode(topic, each)) for each in requests]
        )
        return requests

    def receipts(self) -> Iterator[PushReceipt]:
        """All that was told until now."""
        for record in self.records(PUSH_RECEIPTS.name):
            yield self._codec.decode(record.value or b"", PushReceipt)

    def records(self, topic: str) -> Iterator[InRecord]:
        """All that is in a topic."""
        for batch in self._scan.read(self._scan.whole(topic)):
            yield from batch

    def _request(self, provider: str, ttl: float) -> PushRequest:
        self._turn += 1
        number = self._turn % self._users
        now = now_micros()
        content = NoticeContent(
            type="order_status",
            title="Order A-1001",
            body="is loaded",
            data=b'{"order":"A-1001","status":"loaded"}',
            priority="high",
            created_at=now,
            accepted_at=now,
            expires_at=now + round(ttl * SECOND),
        )
        return PushRequest(
            id=f"n-{secrets.token_hex(8)}",
            tenant=TENANT,
            user=f"{provider}-{number}",
            installation=f"{provider}-{number}",
            provider=provider,
            platform=PLATFORMS[provider],
            push_token=_token(provider, number),
            token_at=self._token_at * SECOND,
            environment=_environment(provider),
            queued_at=now,
            content=content,
        )

    def _install(self, provider: str) -> None:
        names = [f"{provider}-{number}" for number in range(self._users)]
        tokens = [_token(provider, number) for number in range(self._users)]
        columns: dict[str, Any] = {
            "ids": names,
            "users": names,
            "tokens": tokens,
            "hashes": [token_hash(token) for token in tokens],
            "provider": provider,
            "platform": PLATFORMS[provider],
            "environment": _environment(provider),
        }
        with self._engine.begin() as connection:
            connection.execute(_INSTALLATIONS, {"tenant": TENANT, "token_at": self._token_at, **columns})


def _environment(provider: str) -> str | None:
    return "production" if provider == "apns" else None


def _token(provider: str, number: int) -> str:
    return f"{provider}-{number}".encode().hex().ljust(64, "0")
