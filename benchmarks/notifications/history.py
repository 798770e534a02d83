"""`python -m benchmarks.notifications.history`: the dispatcher's whole work on records of Kafka, but for Kafka.

From the bytes of a notification to requests at a null sender, with real Redis and PostgreSQL: history, the look-up of
installations, and the delivery timeline, which is written from the receipts in the same process. Its plan is a line of
JSON on its input, its result one on its output.
"""

import resource
import sys
import time
from collections.abc import Sequence

import msgspec
import structlog
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.partition_ref import PartitionRef
from backbone.record import Ack, InRecord, OutRecord
from backbone.topics import NOTIFICATIONS, PUSH_RECEIPTS
from benchmarks.gateway.crowd import tell
from benchmarks.notifications.registry import own_registry
from benchmarks.notifications.work import BATCH, PARTITIONS, TOPIC_ID, Ready, Spent, cpu_seconds, events, record_of
from domain.notification_types import read_notification_types
from push_service.dispatcher.classification import Classifier
from push_service.dispatcher.delivery_metrics import TimelineMetrics
from push_service.dispatcher.due_pushes import DuePushes
from push_service.dispatcher.handler import GROUP, DispatcherHandler
from push_service.dispatcher.handover import Handover
from push_service.dispatcher.metrics import DispatcherMetrics
from push_service.dispatcher.outbox import OUTBOXES, Outbox
from push_service.dispatcher.timeline import TimelineHandler
from runtime.collector import calm_collector
from storage.notification_types import BUILT_IN
from storage.postgres.delivery_days import DeliveryDays
from storage.postgres.digests import Digests
from storage.postgres.engine import open_sync_engine
from storage.postgres.notification_log import NotificationLog
from storage.postgres.preference_documents import PostgresPreferenceDocuments
from storage.postgres.push_decisions import PushDecisions
from storage.postgres.push_targets import PostgresPushTargets
from storage.postgres.scheduled import Scheduled
from storage.postgres.settings import PostgresSettings
from storage.postgres.timeline import DeliverySteps
from storage.redis.connection import connect_sync
from storage.redis.notices import RedisNotices
from storage.redis.settings import RedisSettings

_OUTBOXES = frozenset(topic.name for topic in OUTBOXES.values())


class HistoryPlan(msgspec.Struct, frozen=True):
    """So many events of these users, as fast as they are taken."""

    redis_url: str
    postgres_url: str
    first: int
    events: int
    users_from: int
    users: int


class NullBroker:
    """Takes what the dispatcher publishes; receipts wait for the timeline."""

    def __init__(self) -> None:
        self.pushed = 0
        self.receipts: list[InRecord] = []

    def publish(self, records: Sequence[OutRecord]) -> list[Ack]:
        for record in records:
            if record.topic in _OUTBOXES:
                self.pushed += 1
            elif record.topic == PUSH_RECEIPTS.name:
                self.receipts.append(InRecord(record.topic, 0, 0, record.key, record.value, record.headers, 0))
        return []


class History:
    """The dispatcher and its timeline."""

    def __init__(self, plan: HistoryPlan) -> None:
        self._plan = plan
        self._codec = AvroCodec(own_registry())
        self._broker = NullBroker()
        self._handler, self._timeline = _composed(plan, self._codec, self._broker)
        for partition in range(PARTITIONS):
            self._handler.assigned(PartitionRef(NOTIFICATIONS.name, TOPIC_ID, partition), None)
        self._timeline.assigned(PartitionRef(PUSH_RECEIPTS.name, TOPIC_ID, 0), None)

    def run(self) -> Spent:
        """All of the plan, when all processes are ready."""
        plan = self._plan
        records = self._records()
        calm_collector()
        tell(Ready())
        sys.stdin.readline()
        began, used = time.perf_counter(), cpu_seconds()
        for start in range(0, plan.events, BATCH):
            self._handler.handle(records[start : start + BATCH])
            receipts, self._broker.receipts = self._broker.receipts, []
            self._timeline.handle(receipts)
        seconds, cpu = time.perf_counter() - began, cpu_seconds() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return Spent(plan.events, self._broker.pushed, seconds, cpu, peak_mb=peak)

    def _records(self) -> list[InRecord]:
        plan = self._plan
        first, users = plan.first, range(plan.users_from, plan.users_from + plan.users)
        return [
            record_of(first + n, told.key.encode(), self._codec.encode(NOTIFICATIONS, told))
            for n, told in enumerate(events(first, plan.events, users))
        ]


def _composed(plan: HistoryPlan, codec: AvroCodec, broker: NullBroker) -> tuple[DispatcherHandler, TimelineHandler]:
    engine = open_sync_engine(PostgresSettings(url=SecretStr(plan.postgres_url), statement_seconds=60), "benchmark")
    redis = connect_sync(RedisSettings(url=SecretStr(plan.redis_url)))
    types = read_notification_types(BUILT_IN.read_bytes())
    decisions, documents, scheduled = PushDecisions(engine), PostgresPreferenceDocuments(engine), Scheduled(engine)
    metrics = CollectorRegistry()
    handover = Handover(decisions, Outbox(PostgresPushTargets(engine), codec), broker, codec)
    letters = DeadLetters(broker, GROUP, metrics)
    handler = DispatcherHandler(
        codec=codec,
        publisher=broker,
        letters=letters,
        classifier=Classifier(RedisNotices(redis), documents, types),
        log=NotificationLog(engine),
        scheduled=scheduled,
        handover=handover,
        returns=DuePushes(
            decisions=decisions,
            digests=Digests(engine),
            scheduled=scheduled,
            documents=documents,
            types=types,
            handover=handover,
            codec=codec,
        ),
        metrics=DispatcherMetrics(metrics),
    )
    timeline = TimelineHandler(
        codec=codec,
        steps=DeliverySteps(engine),
        days=DeliveryDays(engine),
        letters=letters,
        metrics=TimelineMetrics(metrics),
    )
    return handler, timeline


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # our output is for the result
    tell(History(msgspec.json.decode(sys.stdin.readline(), type=HistoryPlan)).run())
