"""Kafka and the history in memory, the fakes for real: one provider's senders, driven by the test."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry

from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.headers import due_at_of
from backbone.memory.cluster import MemoryCluster
from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.memory.publishers import MemoryBatchPublisher
from backbone.memory_registry import MemoryRegistry
from backbone.publishing import BatchPublishing
from backbone.record import Ack, InRecord, OutRecord
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import DEAD_LETTERS, PUSH_RECEIPTS, RETRIES, dead_letter_topic, push_outbox
from domain.delivery_step import PushReceipt
from domain.installation import ApnsEnvironment, Installation, Platform, Provider
from domain.instants import SECOND, Micros
from domain.notification import NoticeContent, Notification
from domain.push_request import PushRequest
from domain.push_state import PushState
from push_service.senders.alarms import Alarms
from push_service.senders.channel import topics_of
from push_service.senders.handler import SendersHandler
from push_service.senders.metrics import SendersMetrics
from push_service.senders.pool import Call, Pool
from push_service.senders.sender import Sender
from push_service.senders.settings import SendersSettings
from push_service.senders.settlement import Settlement, group_of
from runtime.fail_points import Reached, never
from runtime.health import Health
from storage.memory.notifications import MemoryNotifications
from storage.memory.push_targets import MemoryPushTargets
from storage.notification_log import NewNotice
from storage.push_decisions import NoticeKey
from tests.senders.pushes import now, push

QUICK = {"pause_seconds": 0.05, "longest_pause_seconds": 0.2, "start_rate": 100_000.0, "rate": 100_000.0}
"""Pauses that a test can wait for, and no rate to wait for."""


class World:
    """`later` moves the clock by which retries become due and time to live ends."""

    def __init__(self, provider: str, sender: Sender, **settings: Any) -> None:
        self.provider = provider
        self.cluster = MemoryCluster()
        registry, outbox = MemoryRegistry(), push_outbox(provider)
        self.outbox = outbox.name
        for topic in (outbox, PUSH_RECEIPTS):
            self.cluster.create_topic(topic.name, 2)
            registry.register(topic.subject, schema_text(SchemaFiles().current(topic.record or "")))
        for topic in (*DEAD_LETTERS, *RETRIES):
            if topic.name.startswith(outbox.name):
                self.cluster.create_topic(topic.name, 2)
        self.codec = AvroCodec(registry)
        self.history = MemoryNotifications()
        self.targets = MemoryPushTargets()
        self.settings = SendersSettings(providers=[provider], **(QUICK | settings))
        self.health = Health()
        self.registry = CollectorRegistry()
        self.condition = self.health.require("configuration")
        self.ahead: Micros = 0
        self.stopping = threading.Event()
        self.start(sender)

    def start(
        self,
        sender: Sender,
        *,
        reached: Reached = never,
        publishing: Callable[[Callable[[Sequence[OutRecord]], list[Ack]]], BatchPublishing] | None = None,
    ) -> None:
        """A new process in the place of the one before: it knows what the stores know."""
        self.registry = CollectorRegistry()
        metrics = SendersMetrics(self.registry)
        publisher: BatchPublishing = MemoryBatchPublisher(self.cluster)
        if publishing is not None:
            publisher = publishing(publisher.publish)
        self.alarms = Alarms(self.provider, metrics, self.condition)
        self.pool = Pool(self.provider, sender, self.settings, self.alarms, metrics, self.stopping, now=self.now)
        settlement = Settlement(
            self.provider,
            codec=self.codec,
            publisher=publisher,
            letters=DeadLetters(publisher, group_of(self.provider), self.registry),
            decisions=self.history,
            targets=self.targets,
            metrics=metrics,
            reached=reached,
        )
        loop = asyncio.get_running_loop()

        def send_all(pushes: Sequence[PushRequest]) -> list[Call | None]:
            return asyncio.run_coroutine_threadsafe(self.pool.send_all(pushes), loop).result()

        handler = SendersHandler(
            self.provider,
            codec=self.codec,
            pool=self.pool,
            send_all=send_all,
            decisions=self.history,
            targets=self.targets,
            settlement=settlement,
            now=self.now,
            reached=reached,
        )
        self.consumer = MemoryGroupConsumer(
            self.cluster,
            group_of(self.provider),
            topics_of(self.provider),
            handler,
            due_at=due_at_of,
            clock=self.now,
        )

    def now(self) -> Micros:
        return now() + self.ahead

    def later(self, seconds: float) -> None:
        self.ahead += round(seconds * SECOND)

    # What others do

    def queue(
        self, *, told: NoticeContent | None = None, state: PushState = PushState.QUEUED, **changes: Any
    ) -> PushRequest:
        """A notification in the history, its installation, and the request to push it in the outbox."""
        request = push(self.provider, told=told, **changes)
        self.store(request, state)
        self.append(request)
        return request

    def store(self, request: PushRequest, state: PushState = PushState.QUEUED) -> None:
        notification = Notification(id=request.id, tenant=request.tenant, user=request.user, content=request.content)
        self.history.store([NewNotice(notification, f"t/0/{request.id}", now(), state)])
        self.targets.put(
            Installation(
                tenant=request.tenant,
                id=request.installation,
                user=request.user,
                provider=Provider(request.provider),
                platform=Platform(request.platform),
                push_token=request.push_token,
                token_at=request.token_at,
                environment=None if request.environment is None else ApnsEnvironment(request.environment),
                created_at=request.token_at,
                refreshed_at=request.token_at,
            )
        )

    def append(self, request: PushRequest, headers: list[tuple[str, bytes]] | None = None) -> None:
        value = self.codec.encode(push_outbox(self.provider), request)
        self.cluster.append(OutRecord(self.outbox, request.key.encode(), value, headers or []))

    def ack(self, request: PushRequest) -> None:
        self.history.ack([NoticeKey(request.tenant, request.user, request.id)])

    async def drain(self) -> bool:
        """Handle all that is due; False: some of it is held up."""
        return await asyncio.to_thread(self.consumer.drain)

    async def drained(self, within: float = 10.0) -> None:
        """Handle all that is due, however often it takes."""
        deadline = time.monotonic() + within
        while not await self.drain():
            assert time.monotonic() < deadline, "it was not sent in time"
            await asyncio.sleep(0.02)

    # What they read

    def state(self, request: PushRequest) -> PushState:
        return self.history.rows[NoticeKey(request.tenant, request.user, request.id)].state

    def active(self, request: PushRequest) -> bool:
        return bool(self.targets.of_installations([(request.tenant, request.installation)]))

    def receipts(self, request: PushRequest) -> list[PushReceipt]:
        read = [
            self.codec.decode(record.value or b"", PushReceipt) for record in self.cluster.records(PUSH_RECEIPTS.name)
        ]
        return sorted((each for each in read if each.notification == request.id), key=lambda each: each.at)

    def steps(self, request: PushRequest) -> list[tuple[str, str | None]]:
        return [(each.step, each.outcome) for each in self.receipts(request)]

    def retries(self) -> dict[str, list[InRecord]]:
        """What was put off, by delay."""
        found = {}
        for topic in topics_of(self.provider)[1:]:
            records = self.cluster.records(topic)
            if records:
                found[topic.rpartition(".")[2]] = records
        return found

    def letters(self) -> list[InRecord]:
        return self.cluster.records(dead_letter_topic(self.outbox, group_of(self.provider)))

    def count(self, name: str, **labels: str) -> float:
        """A metric of the newest process."""
        return self.registry.get_sample_value(name, {"provider": self.provider, **labels}) or 0.0


def decoded(world: World, record: InRecord) -> PushRequest:
    return world.codec.decode(record.value or b"", PushRequest)
