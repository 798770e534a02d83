"""The dispatcher on a Kafka, a Redis and a PostgreSQL in memory, which can be away or emptied, and which outlive it."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

import msgspec
from prometheus_client import CollectorRegistry

from backbone.codec import AvroCodec
from backbone.dead_letters import DeadLetters
from backbone.memory.cluster import MemoryCluster
from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.memory.publishers import MemoryBatchPublisher
from backbone.memory_registry import MemoryRegistry
from backbone.record import OutRecord
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import DEAD_LETTERS, NOTIFICATIONS, PUSH_PENDING, PUSH_RECEIPTS, TOPICS, USER_LIVE, Topic
from domain.delivery_step import PushReceipt
from domain.errors import OutageError
from domain.installation import Installation
from domain.instants import DAY, SECOND, Micros
from domain.live_update import LiveUpdate
from domain.notification import NoticeContent, Notification, Phase, PushPending
from domain.notification_types import read_notification_types
from domain.push_request import PushRequest
from domain.push_state import PushState
from push_service.dispatcher.classification import Classifier
from push_service.dispatcher.handler import GROUP, DispatcherHandler
from push_service.dispatcher.handover import Handover
from push_service.dispatcher.metrics import DispatcherMetrics
from push_service.dispatcher.outbox import OUTBOXES, Outbox, Push
from runtime.fail_points import FailPoints
from storage.memory.notices import MemoryNotices
from storage.memory.notifications import MemoryNotifications
from storage.memory.push_targets import MemoryPushTargets
from storage.notices import NoticeStore
from storage.notification_log import NotificationStore
from storage.notification_types import BUILT_IN
from storage.push_decisions import NoticeKey, PushDecisionStore
from storage.scheduled import ScheduledRequest
from tests.storage.installed import installation

PARTITIONS = 2
NOW = 1_800_000_000 * SECOND
TENANT = "acme"


class Crash(Exception):
    """The process dies here."""


class MemoryDocuments:
    """Preferences of a PostgreSQL in memory."""

    def __init__(self) -> None:
        self.documents: dict[tuple[str, str], bytes] = {}
        self.asked: list[set[tuple[str, str]]] = []

    def of(self, owners: Collection[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        self.asked.append(set(owners))
        return {owner: self.documents.get(owner, b"") for owner in owners}


class MemoryScheduled:
    """What was put off: of two with one id the one that is due later counts."""

    def __init__(self) -> None:
        self.away = False
        self.rows: dict[str, ScheduledRequest] = {}

    def put(self, requests: Sequence[ScheduledRequest]) -> None:
        if self.away and requests:
            raise OutageError("the store is away")
        for each in requests:
            known = self.rows.get(each.id)
            if known is None or known.due_at < each.due_at:
                self.rows[each.id] = each


class MemoryReturns:
    """What is due now."""

    def __init__(self) -> None:
        self.pushes: list[tuple[Phase, Push]] = []

    def returned(self, pushes: Sequence[tuple[Phase, Push]], now: Micros) -> None:
        self.pushes += pushes


class Rows(NotificationStore, PushDecisionStore, Protocol):
    """History and decisions, over the same rows."""


class World:
    """`ann` and `bob` have a phone each; nobody has a socket open."""

    def __init__(self) -> None:
        self.now = NOW
        self.cluster = MemoryCluster(lambda: self.now // 1000)
        registry = MemoryRegistry()
        for topic in (*TOPICS, *DEAD_LETTERS):
            self.cluster.create_topic(topic.name, PARTITIONS)
            if topic.record is not None:
                registry.register(topic.subject, schema_text(SchemaFiles().current(topic.record)))
        self.codec = AvroCodec(registry)
        self.memory = MemoryNotices()
        self.notices: NoticeStore = self.memory
        self.memory_rows = MemoryNotifications()
        self.rows: Rows = self.memory_rows
        self.documents = MemoryDocuments()
        self.scheduled = MemoryScheduled()
        self.returns = MemoryReturns()
        self.targets = MemoryPushTargets(installation("phone-a", "ann"), installation("phone-b", "bob"))
        self.metrics = CollectorRegistry()

    def dispatcher(self, fail_at: str = "", *, batch: int = 500) -> MemoryGroupConsumer:
        """A new process, which raises Crash at the fail point."""
        publisher = MemoryBatchPublisher(self.cluster)
        self.metrics = CollectorRegistry()
        handler = DispatcherHandler(
            codec=self.codec,
            publisher=publisher,
            letters=DeadLetters(publisher, GROUP, CollectorRegistry()),
            classifier=Classifier(self.notices, self.documents, read_notification_types(BUILT_IN.read_bytes())),
            log=self.rows,
            scheduled=self.scheduled,
            handover=Handover(self.rows, Outbox(self.targets, self.codec), publisher, self.codec),
            returns=self.returns,
            metrics=DispatcherMetrics(self.metrics),
            clock=lambda: self.now,
            reached=FailPoints(fail_at, _die).reached,
        )
        return MemoryGroupConsumer(self.cluster, GROUP, [NOTIFICATIONS.name], handler, batch_records=batch)

    def run(self) -> None:
        assert self.dispatcher().drain()

    def connect(self, user: str) -> None:
        """The user has a socket open."""
        self.memory.connected.add((TENANT, user))

    def empty_redis(self) -> None:
        """But the gateways tell again who has a socket open."""
        connected = set(self.memory.connected)
        self.memory.empty()
        self.memory.connected |= connected

    def ack_all(self) -> None:
        """Everything that is stored is acknowledged."""
        self.memory_rows.ack(list(self.memory_rows.rows))

    # What address writes

    def tell(self, *names: str, user: str = "ann", **how: Any) -> None:
        """A notification of each name; `how` are fields of its content, or `installation`, or `phase`."""
        envelope = {name: how.pop(name) for name in ("installation", "phase") if name in how}
        for name in names:
            told = Notification(id=name, tenant=TENANT, user=user, content=self.content(**how), **envelope)
            self.write(told)

    def write(self, told: Notification) -> None:
        self.raw(told.key, self.codec.encode(NOTIFICATIONS, told))

    def raw(self, key: str, value: bytes | None) -> None:
        self.cluster.append(OutRecord(NOTIFICATIONS.name, key.encode(), value, [("traceparent", b"00-aa-bb-01")]))

    def content(self, **how: Any) -> NoticeContent:
        made = NoticeContent(
            type="message", title="t", body="b", created_at=NOW, accepted_at=NOW, expires_at=self.now + DAY
        )
        return msgspec.structs.replace(made, **how)

    # What others see

    def state(self, name: str, user: str = "ann") -> PushState:
        return self.memory_rows.rows[NoticeKey(TENANT, user, name)].state

    def history(self) -> dict[str, PushState]:
        return {key.id: row.state for key, row in self.memory_rows.rows.items()}

    def live(self) -> list[LiveUpdate]:
        """What a socket is shown: without the repeats that readers skip by their source."""
        highest: dict[tuple[int, tuple[str, int]], tuple[int, int]] = {}
        shown = []
        for record in self.cluster.records(USER_LIVE.name):
            update = self.codec.decode(record.value or b"", LiveUpdate)
            assert update.source is not None
            stream = (record.partition, update.source.stream)
            if update.source.rank > highest.get(stream, (-1, -1)):
                highest[stream] = update.source.rank
                shown.append(update)
        return shown

    def shown(self, user: str = "ann") -> list[tuple[str, str | None]]:
        """(id, the id that it takes the place of) of what the user's sockets are shown."""
        channel = f"user:{TENANT}/{user}"
        payloads = [msgspec.json.decode(update.payload) for update in self.live() if channel in update.channels]
        return [(payload["id"], payload["replaces"]) for payload in payloads]

    def pending(self) -> list[PushPending]:
        return self._read(PUSH_PENDING, PushPending)

    def pushes(self) -> list[PushRequest]:
        return [request for topic in OUTBOXES.values() for request in self._read(topic, PushRequest)]

    def steps(self) -> set[tuple[str, str, str | None]]:
        """(notification, step, outcome), each once however often it was told."""
        receipts = {receipt.id: receipt for receipt in self._read(PUSH_RECEIPTS, PushReceipt)}
        return {(each.notification, each.step, each.outcome) for each in receipts.values()}

    def install(self, *installations: Installation) -> None:
        for each in installations:
            self.targets.put(each)

    def counted(self, outcome: str) -> float:
        return self.metrics.get_sample_value("fleetcast_dispatcher_notifications_total", {"outcome": outcome}) or 0.0

    def _read(self, topic: Topic, into: type[Any]) -> list[Any]:
        return [self.codec.decode(each.value or b"", into) for each in self.cluster.records(topic.name)]


def _die() -> None:
    raise Crash
