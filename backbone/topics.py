"""The topic table: every topic of the platform, declared once.

`python -m backbone topics plan|apply` brings a cluster to this table; the broker creates no topic by itself. The
partition count of a keyed topic never changes in place, because keys would move: a new version of the topic takes over.
"""

import enum
from dataclasses import dataclass

PARTITIONS = 8
"""The default count of a keyed topic. A deployment chooses before it creates the topic; readers ask the cluster."""

_HOUR_MS = 60 * 60 * 1000
_DAY_MS = 24 * _HOUR_MS
# Kafka compacts closed segments only, and by default closes one after 7 days or 1 GiB: a table that is read whole at
# every start would be a history. So segments are small and short, and no record waits longer than the lag.
_COMPACTION = {
    "segment.ms": str(_HOUR_MS),
    "segment.bytes": str(64 * 1024 * 1024),
    "min.cleanable.dirty.ratio": "0.2",
    "max.compaction.lag.ms": str(6 * _HOUR_MS),
}


class Cleanup(enum.StrEnum):
    """Kafka's `cleanup.policy`."""

    DELETE = "delete"
    COMPACT = "compact"
    COMPACT_AND_DELETE = "compact,delete"
    """The last record of each key, for so long."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the table.

    `record` names the Avro schema of the values in `schemas/avro/`; None: the name, key and keeping are settled, and
    the topic is made together with its first writer. `copartitioned_with` names a topic with the same keys, which must
    have the same number of partitions.
    """

    name: str
    key: str
    kept_days: int | None
    written_by: tuple[str, ...]
    doc: str
    record: str | None = None
    cleanup: Cleanup = Cleanup.DELETE
    partitions: int = PARTITIONS
    copartitioned_with: str | None = None

    @property
    def config(self) -> dict[str, str]:
        """The topic's configuration, as the broker names it."""
        settings = {"cleanup.policy": str(self.cleanup)}
        if self.kept_days is not None:
            settings["retention.ms"] = str(self.kept_days * _DAY_MS)
        if self.cleanup is not Cleanup.DELETE:
            settings |= _COMPACTION
        return settings

    @property
    def subject(self) -> str:
        """The registry's subject of the values (TopicNameStrategy)."""
        return f"{self.name}-value"


PINGS = Topic(
    name="fleet.pings.v1",
    key="fleet/asset",
    kept_days=7,
    written_by=("ingest",),
    record="GpsPing",
    doc="Pings as devices said them, plus when they were received.",
)
STATUS_CHANGES = Topic(
    name="fleet.status-changes.v1",
    key="fleet/entity",
    kept_days=30,
    written_by=("ingest",),
    record="StatusChange",
    doc="Status changes of orders and assets, with a version for each entity.",
)
REFERENCE = Topic(
    name="fleet.reference.v1",
    key="kind/fleet/id",
    kept_days=None,
    written_by=("ingest",),
    record="ReferenceRecord",
    cleanup=Cleanup.COMPACT,
    doc="Assets, orders, assignments, watchers and geofences: the last word for each id.",
)
POSITIONS = Topic(
    name="fleet.positions.v1",
    key="fleet/asset",
    kept_days=7,
    written_by=("enrich",),
    record="Position",
    copartitioned_with="fleet.pings.v1",
    doc="Every accepted ping, judged: quality flags, derived speed and heading, the orders carried at that time.",
)
EVENTS = Topic(
    name="fleet.events.v1",
    key="fleet/asset",
    kept_days=30,
    written_by=("enrich",),
    record="FleetEvent",
    doc="What fixes mean: geofence entered or left, stopped, moving again, late.",
)
LIVE = Topic(
    name="fleet.live.v1",
    key="fleet",
    kept_days=3,
    written_by=("route", "gateway"),
    record="LiveUpdate",
    doc="What subscribers of a fleet's channels see, in the order of its offsets.",
)
LATEST = Topic(
    name="fleet.latest.v1",
    key="channel/kind/entity",
    kept_days=None,
    written_by=("recorder",),
    record="LiveUpdate",
    cleanup=Cleanup.COMPACT,
    doc="The last update of each channel, kind and entity, positions at most every 10 s; rebuilds an emptied Redis.",
)
USER_LIVE = Topic(
    name="user.live.v1",
    key="tenant/user",
    kept_days=30,
    written_by=("dispatcher", "gateway", "control_api"),
    record="LiveUpdate",
    doc="What the subscribers of a user's own channel see.",
)
NOTIFICATION_REQUESTS = Topic(
    name="notifications.requests.v1",
    key="tenant/addressee",
    kept_days=30,
    written_by=("ingest", "route", "address", "dispatcher"),
    record="NotificationRequest",
    doc="Whom to tell (user, users, installation, interest), what and when.",
)
NOTIFICATIONS = Topic(
    name="notifications.v1",
    key="tenant/user",
    kept_days=30,
    written_by=("address",),
    record="Notification",
    doc="One notification for one user.",
)
PUSH_PENDING = Topic(
    name="push.pending.v1",
    key="tenant/user",
    kept_days=1,
    written_by=("dispatcher",),
    record="PushPending",
    doc="Waits a fixed delay for the client's acknowledgement.",
)
PUSH_RECEIPTS = Topic(
    name="push.receipts.v1",
    key="tenant/user/notification",
    kept_days=30,
    written_by=("gateway", "dispatcher", "control_api", "senders"),
    record="PushReceipt",
    doc="What became of each attempt.",
)
CLIENT_ACTIONS = Topic(
    name="client.actions.v1",
    key="tenant/user",
    kept_days=30,
    written_by=("gateway",),
    doc="What a user did in the app, with installation and sequence.",
)
REVOKED_DAYS = 400
"""How long a revocation can last: tokens that live longer would outlive it."""
GATEWAY_CONTROL = Topic(
    name="gateway.control.v1",
    key="kind/tenant/user or token",
    kept_days=REVOKED_DAYS,
    written_by=("gateway",),
    record="GatewayControl",
    cleanup=Cleanup.COMPACT_AND_DELETE,
    partitions=1,
    doc="Disconnects, subscribes and revocations; every gateway reads it whole before it is ready.",
)


PUSH_PROVIDERS = ("fcm", "apns", "sns", "webpush")
"""Who reaches phones: each has an outbox, a consumer group and a pool of its own."""


def push_outbox(provider: str) -> Topic:
    """The outbox of one push provider: fcm, apns, sns or webpush."""
    return Topic(
        name=f"push.outbox.{provider}.v1",
        key="tenant/installation",
        kept_days=7,
        written_by=("dispatcher",),
        record="PushRequest",
        doc=f"Requests to push through {provider}.",
    )


TOPICS: tuple[Topic, ...] = (
    PINGS,
    STATUS_CHANGES,
    REFERENCE,
    POSITIONS,
    EVENTS,
    LIVE,
    LATEST,
    USER_LIVE,
    NOTIFICATION_REQUESTS,
    NOTIFICATIONS,
    PUSH_PENDING,
    *(push_outbox(provider) for provider in PUSH_PROVIDERS),
    PUSH_RECEIPTS,
    CLIENT_ACTIONS,
    GATEWAY_CONTROL,
)


def dead_letter_topic(source: str, group: str) -> str:
    """Where `group` puts the records of `source` that it can never process: bytes unchanged, headers that say why."""
    return f"{source}.{group}.dlq"


DEAD_LETTERS: tuple[Topic, ...] = tuple(
    Topic(
        name=dead_letter_topic(source.name, group),
        key=source.key,
        kept_days=30,
        written_by=(group,),
        doc=f"What {group} could not read of {source.name}: the source's bytes, unchanged, with headers that say why.",
    )
    for source, group in (
        (PINGS, "enrich"),
        (REFERENCE, "enrich"),
        (POSITIONS, "route"),
        (STATUS_CHANGES, "route"),
        (LIVE, "recorder"),
        (REFERENCE, "route"),
        (EVENTS, "route"),
        (REFERENCE, "address"),
        (NOTIFICATION_REQUESTS, "address"),
        (NOTIFICATIONS, "dispatcher"),
        (PUSH_PENDING, "dispatcher-pending"),
        (PUSH_RECEIPTS, "timeline"),
        *((push_outbox(provider), f"senders-{provider}") for provider in PUSH_PROVIDERS),
    )
)
"""Made by `topics apply` like all others. Their values are another topic's bytes: no schema of their own."""


RETRY_DELAYS = {"10s": 10.0, "1m": 60.0, "10m": 600.0, "1h": 3600.0}
"""What waits in which retry topic, in seconds at least. One delay for each topic, so that nothing waits behind what is
due much later; the header `due-at` says when it is."""


def retry_topic(source: str, group: str, delay: str) -> str:
    """Where `group` puts a record of `source` that it will try again after `delay`, a key of RETRY_DELAYS."""
    return f"{source}.{group}.retry.{delay}"


RETRIES: tuple[Topic, ...] = tuple(
    Topic(
        name=retry_topic(source.name, group, delay),
        key=source.key,
        kept_days=7,
        written_by=(group,),
        partitions=2,
        doc=f"What {group} tries again after {delay}: the source's bytes, unchanged, with headers that say when.",
    )
    for source, group in ((push_outbox(provider), f"senders-{provider}") for provider in PUSH_PROVIDERS)
    for delay in RETRY_DELAYS
)
"""Of those groups alone for which order does not matter. Made by `topics apply`; no schema of their own."""
