"""One provider's consumer with all that belongs to it: nothing is shared with another provider's but the event loop."""

import asyncio
import threading
from collections.abc import Sequence

from backbone.batch_publisher import BatchPublisher
from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.group_consumer import GroupConsumer
from backbone.group_options import GroupOptions
from backbone.headers import due_at_of
from backbone.kafka_metrics import ConsumerMetrics, PublisherMetrics
from backbone.kafka_settings import KafkaSettings
from backbone.topics import RETRY_DELAYS, push_outbox, retry_topic
from domain.push_request import PushRequest
from push_service.senders.alarms import Alarms
from push_service.senders.handler import SendersHandler
from push_service.senders.metrics import SendersMetrics
from push_service.senders.pool import Call, Pool
from push_service.senders.sender import Sender
from push_service.senders.settings import SendersSettings
from push_service.senders.settlement import Settlement, group_of
from runtime.process import Process
from runtime.supervision import ThreadService
from storage.push_decisions import PushDecisionStore
from storage.push_targets import PushTargets

RETRY_CAP = 5.0
"""Seconds: how often a paused provider's batch looks whether the pause is over."""


class Channels:
    """Adds channels to a process; what they count is counted in the same metrics, by provider and group."""

    def __init__(
        self,
        process: Process,
        *,
        kafka: KafkaSettings,
        senders: SendersSettings,
        codec: AvroCodec,
        decisions: PushDecisionStore,
        targets: PushTargets,
    ) -> None:
        self._process = process
        self._kafka = kafka
        self._settings = senders
        self._codec = codec
        self._decisions = decisions
        self._targets = targets
        self._stopping = threading.Event()  # one for all, so that they end at the same time
        self._metrics = SendersMetrics(process.registry)
        self._publishing = PublisherMetrics(process.registry)
        self._consuming = ConsumerMetrics(process.registry)
        self._letters: DeadLetters | None = None

    def add(self, provider: str, sender: Sender) -> None:
        """Serve the provider's outbox by this sender. To be called on the event loop that the sender lives on."""
        process, group = self._process, group_of(provider)
        publisher = BatchPublisher(self._kafka, self._publishing, self._stopping)
        process.resources.callback(publisher.close)
        if self._letters is None:
            self._letters = DeadLetters(publisher, group, process.registry)
        condition = process.health.require(f"{provider} configuration")
        alarms = Alarms(provider, self._metrics, condition)
        pool = Pool(provider, sender, self._settings, alarms, self._metrics, self._stopping)
        settlement = Settlement(
            provider,
            codec=self._codec,
            publisher=publisher,
            letters=self._letters.of(group, publisher),
            decisions=self._decisions,
            targets=self._targets,
            metrics=self._metrics,
            reached=process.fail_points.reached,
        )
        loop = asyncio.get_running_loop()

        def send_all(pushes: Sequence[PushRequest]) -> list[Call | None]:
            return asyncio.run_coroutine_threadsafe(pool.send_all(pushes), loop).result()

        consumer = GroupConsumer(
            self._kafka,
            group,
            topics_of(provider),
            SendersHandler(
                provider,
                codec=self._codec,
                pool=pool,
                send_all=send_all,
                decisions=self._decisions,
                targets=self._targets,
                settlement=settlement,
                reached=process.fail_points.reached,
            ),
            self._consuming,
            process.health.require(f"{provider} outbox"),
            GroupOptions(batch_records=self._settings.batch_records, due_at=due_at_of, retry_cap=RETRY_CAP),
        )
        process.add(ThreadService(group, consumer.run, self._stopping))


def topics_of(provider: str) -> list[str]:
    """What the senders of a provider read: its outbox, and what they have put off."""
    outbox = push_outbox(provider).name
    return [outbox, *(retry_topic(outbox, group_of(provider), delay) for delay in RETRY_DELAYS)]
