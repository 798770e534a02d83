"""`python -m benchmarks.notifications.followers`: an interest of very many followers through address.

The real handler and the real PostgreSQL; in Kafka's place a broker that counts notifications and brings the request
back that goes on behind the last follower. Its plan is a line of JSON on its input, its result one on its output.
"""

import resource
import sys
import time
from collections.abc import Sequence

import msgspec
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.record import Ack, InRecord, OutRecord
from backbone.topics import NOTIFICATION_REQUESTS, NOTIFICATIONS
from benchmarks.gateway.crowd import tell
from benchmarks.notifications.registry import own_registry
from benchmarks.notifications.work import FOLLOWED, TENANT, Ready, Spent, cpu_seconds, events
from domain.notification import NotificationRequest
from storage.postgres.engine import open_sync_engine
from storage.postgres.follower_pages import PostgresFollowerPages
from storage.postgres.push_targets import PostgresPushTargets
from storage.postgres.scheduled import Scheduled
from storage.postgres.settings import PostgresSettings
from stream_processors.address.__main__ import GROUP
from stream_processors.address.audience import Audience
from stream_processors.address.handler import AddressHandler
from stream_processors.address.metrics import AddressMetrics
from stream_processors.address.settings import AddressSettings
from stream_processors.address.watchers import WatcherView


class FollowersPlan(msgspec.Struct, frozen=True):
    """Where the followers are."""

    postgres_url: str


class ReturningBroker:
    """Counts notifications, and keeps the request that is to be gone on with."""

    def __init__(self) -> None:
        self.notifications = 0
        self.requests: list[InRecord] = []

    def publish(self, records: Sequence[OutRecord]) -> list[Ack]:
        for record in records:
            if record.topic == NOTIFICATIONS.name:
                self.notifications += 1
            elif record.topic == NOTIFICATION_REQUESTS.name:
                self.requests.append(InRecord(record.topic, 0, 0, record.key, record.value, record.headers, 0))
        return []


def run(plan: FollowersPlan) -> Spent:
    """One request, until nobody is left to be told."""
    codec, broker = AvroCodec(own_registry()), ReturningBroker()
    engine = open_sync_engine(PostgresSettings(url=SecretStr(plan.postgres_url)), "benchmark")
    metrics = CollectorRegistry()
    audience = Audience(
        PostgresFollowerPages(engine),
        WatcherView(codec),
        PostgresPushTargets(engine),
        AddressSettings().chunk_followers,
    )
    handler = AddressHandler(
        codec=codec,
        publisher=broker,
        letters=DeadLetters(broker, GROUP, metrics),
        audience=audience,
        scheduled=Scheduled(engine),
        metrics=AddressMetrics(metrics),
    )
    content = next(events(0, 1)).content
    request = NotificationRequest(id="to-all", tenant=TENANT, interest=FOLLOWED, content=content)
    value = codec.encode(NOTIFICATION_REQUESTS, request)
    broker.requests = [InRecord(NOTIFICATION_REQUESTS.name, 0, 0, request.key.encode(), value, [], 0)]
    tell(Ready())
    sys.stdin.readline()
    began, used = time.perf_counter(), cpu_seconds()
    while broker.requests:
        waiting, broker.requests = broker.requests, []
        handler.handle(waiting)
    seconds, cpu = time.perf_counter() - began, cpu_seconds() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Spent(broker.notifications, 0, seconds, cpu, peak_mb=peak)


if __name__ == "__main__":
    tell(run(msgspec.json.decode(sys.stdin.readline(), type=FollowersPlan)))
