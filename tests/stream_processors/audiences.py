"""`address` on a Kafka, a registry and a database in memory, whose steps can be made to fail."""

from collections import Counter
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from backbone.dead_letters import DeadLetters
from backbone.headers import TRACEPARENT
from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.memory.publishers import MemoryBatchPublisher
from backbone.memory.topic_scan import MemoryTable
from backbone.record import InRecord, OutRecord
from backbone.topics import NOTIFICATION_REQUESTS, NOTIFICATIONS, REFERENCE
from domain.errors import OutageError
from domain.installation import Installation, Platform, Provider
from domain.instants import DAY, SECOND
from domain.notification import NoticeContent, Notification, NotificationRequest, Phase
from domain.reference import ReferenceKind, ReferenceRecord, Watcher
from storage.memory.follower_pages import MemoryFollowerPages
from storage.memory.push_targets import MemoryPushTargets
from storage.scheduled import ScheduledRequest
from stream_processors.address.audience import Audience
from stream_processors.address.handler import AddressHandler
from stream_processors.address.metrics import AddressMetrics
from stream_processors.address.watchers import WatcherView
from tests.domain.fixes import NOON
from tests.stream_processors.world import NEVER, Fuse, FusedPublisher, World

ORDER = "order/acme/A-1"


class MemoryScheduling:
    """What waits, by (tenant, id)."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], ScheduledRequest] = {}
        self.away = False

    def put(self, requests: Sequence[ScheduledRequest]) -> None:
        if self.away:
            raise OutageError("the database is away")
        for each in requests:
            self.rows.setdefault((each.request.tenant, each.id), each)


def content(**changes: object) -> NoticeContent:
    told = {
        "type": "order_status",
        "title": "Order A-1",
        "body": "loaded",
        "data": b'{"fleet":"acme"}',
        "created_at": NOON,
        "accepted_at": NOON,
        "expires_at": NOON + DAY,
    }
    return NoticeContent(**{**told, **changes})  # type: ignore[arg-type]


def request(request_id: str = "r1", **changes: object) -> NotificationRequest:
    """To the followers of an order, unless it says else."""
    if not {"users", "installation"} & changes.keys():
        changes.setdefault("interest", ORDER)
    changes.setdefault("content", content())
    return NotificationRequest(id=request_id, tenant="acme", **changes)  # type: ignore[arg-type]


class Audiences(World):
    """One Kafka and one database; processes come and go. The clock stands at NOON."""

    def __init__(self) -> None:
        super().__init__()
        self.followers = MemoryFollowerPages()
        self.installations = MemoryPushTargets()
        self.scheduled = MemoryScheduling()

    def address(self, *, publish: Fuse = NEVER, chunk: int = 10_000, batch: int = 100) -> MemoryGroupConsumer:
        """A new process, with its reference data whole."""
        publisher = FusedPublisher(MemoryBatchPublisher(self.cluster), publish)
        letters = DeadLetters(publisher, "address", CollectorRegistry())
        watchers = WatcherView(self.codec)
        MemoryTable(self.cluster, REFERENCE.name, watchers, letters.bury).refresh()
        self.metrics = CollectorRegistry()
        handler = AddressHandler(
            codec=self.codec,
            publisher=publisher,
            letters=letters,
            audience=Audience(self.followers, watchers, self.installations, chunk),
            scheduled=self.scheduled,
            metrics=AddressMetrics(self.metrics),
            clock=lambda: NOON / SECOND,
        )
        return MemoryGroupConsumer(self.cluster, "address", [NOTIFICATION_REQUESTS.name], handler, batch_records=batch)

    def ask(self, *requests: NotificationRequest) -> None:
        for each in requests:
            value = self.codec.encode(NOTIFICATION_REQUESTS, each)
            headers = [(TRACEPARENT, b"00-aa-bb-01")]
            self.cluster.append(OutRecord(NOTIFICATION_REQUESTS.name, each.key.encode(), value, headers))

    def watch(self, user: str, entity: str, entry: str = "w1", fleet: str = "acme") -> None:
        watcher = Watcher(user, entity)
        self.refer(ReferenceRecord(ReferenceKind.WATCHER, fleet, entry, 1, watcher=watcher))

    def install(self, installation: str, user: str) -> None:
        self.installations.put(
            Installation(
                tenant="acme",
                id=installation,
                user=user,
                provider=Provider.FCM,
                platform=Platform.ANDROID,
                push_token=f"token-{installation}",
                token_at=NOON,
                created_at=NOON,
                refreshed_at=NOON,
            )
        )

    def notifications(self) -> list[Notification]:
        told = []
        for record in self.cluster.records(NOTIFICATIONS.name):
            told.append(self.codec.decode(record.value or b"", Notification))
            assert record.key == told[-1].key.encode()
        return told

    def users(self, request_id: str = "r1") -> Counter[str]:
        """Who was told, and how often."""
        return Counter(each.user for each in self.notifications() if each.id == request_id)

    def requests(self) -> list[NotificationRequest]:
        records = self.cluster.records(NOTIFICATION_REQUESTS.name)
        return [self.codec.decode(record.value or b"", NotificationRequest) for record in records]

    def buried(self) -> list[InRecord]:
        return list(self.cluster.records(f"{NOTIFICATION_REQUESTS.name}.address.dlq"))


def pushed_later(request_id: str, user: str) -> NotificationRequest:
    """What the timer brings back when quiet hours end."""
    return request(request_id, users=[user], phase=Phase.PUSH, content=content(interest=ORDER))
