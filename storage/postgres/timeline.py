"""Delivery steps in PostgreSQL: written by the batch, read as timelines and as statistics."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Engine, Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.delivery_step import PushReceipt, Step
from domain.instants import HOUR, Micros
from storage.postgres.engine import sync_transaction, transaction
from storage.postgres.tables import from_timestamp, to_timestamp
from storage.timeline import MAX_COUNTS, MAX_RANGE, MAX_STEPS, DeliveryCount, Timeline, TimelineStep

_TEXTS = (
    "id",
    "tenant",
    "notification",
    "step",
    "outcome",
    "detail",
    "gateway",
    "client",
    "installation",
    "provider",
    "platform",
    "model",
    "app_version",
    "provider_id",
)
_NAMES = ", ".join((*_TEXTS, "attempt"))
_SHAPE = ", ".join((*(f"{name} text" for name in _TEXTS), '"user" text, attempt integer, at bigint'))

# One JSON document: a sixth of our own CPU time of an array for each column (measured for notification_log.py).
_STORE = text(f"""
INSERT INTO delivery_steps (at, user_id, {_NAMES})
SELECT to_timestamp(at / 1000000.0), "user", {_NAMES} FROM json_to_recordset(CAST(:batch AS json)) AS batch ({_SHAPE})
ON CONFLICT DO NOTHING
""")  # noqa: S608 names of columns alone

_NOTICE = text("""
SELECT type, push_state, replaced_by, correction, accepted_at, classified_at, stored_at, acked_at, read_at, archived_at
FROM notifications WHERE (tenant, user_id, id) = (:tenant, :user, :notification)
""")

# The lower bound leaves out the partitions of all days before the notification.
_STEPS = text(f"""
SELECT at, {_NAMES} FROM delivery_steps
WHERE tenant = :tenant AND notification = :notification AND user_id = :user AND at >= :since
ORDER BY at, id LIMIT :limit
""")  # noqa: S608 names of columns alone

_COUNTS = text("""
SELECT platform, model, provider, step, outcome, count(*) AS count FROM delivery_steps
WHERE tenant = :tenant AND at >= :since AND at < :until AND installation IS NOT NULL
GROUP BY platform, model, provider, step, outcome
ORDER BY count DESC, platform, model, provider, step, outcome LIMIT :limit
""")

_NUL, _INSTEAD = b"\\u0000", b"\\ufffd"
"""PostgreSQL's text has no NUL; what a provider answers may have one."""

_SKEW: Micros = HOUR
"""Clocks of machines differ; by more than this, early steps of a notification may not be found."""

# Told by receipts, each with its device; by the row, if a receipt is not here (yet).
_ALSO_TOLD = ((Step.ACKED, "acked_at"), (Step.READ, "read_at"), (Step.ARCHIVED, "archived_at"))


class DeliverySteps:
    """A `StepStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def store(self, receipts: Sequence[PushReceipt]) -> int:
        """See StepStore."""
        if not receipts:
            return 0
        batch = msgspec.json.encode(receipts).replace(_NUL, _INSTEAD)
        with sync_transaction(self._engine) as connection:
            return connection.execute(_STORE, {"batch": batch.decode()}).rowcount


class Timelines:
    """For the API. Every method raises OutageError."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, tenant: str, user: str, notification: str) -> Timeline | None:
        """The timeline of a notification; None: there is no such notification (any more)."""
        wanted: dict[str, Any] = {"tenant": tenant, "user": user, "notification": notification}
        async with transaction(self._engine) as connection:
            notice = (await connection.execute(_NOTICE, wanted)).first()
            if notice is None:
                return None
            since = to_timestamp(from_timestamp(notice.classified_at) - _SKEW)
            asked = wanted | {"since": since, "limit": MAX_STEPS + 1}
            rows = (await connection.execute(_STEPS, asked)).all()
        told = _each_once(rows[:MAX_STEPS])
        steps = sorted([*_own_steps(notice, told), *told], key=lambda each: each.at)
        return Timeline(
            tenant=tenant,
            user=user,
            notification=notification,
            type=notice.type,
            push_state=notice.push_state,
            replaced_by=notice.replaced_by,
            steps=steps,
            complete=len(rows) <= MAX_STEPS,
        )

    async def statistics(self, tenant: str, since: Micros, until: Micros) -> list[DeliveryCount]:
        """How steps of a tenant's installations ended from `since` until before `until`, the most frequent first.

        A step that was told twice because of a crash may be counted twice. Raises ValueError for a range that is empty
        or longer than MAX_RANGE.
        """
        if not 0 < until - since <= MAX_RANGE:
            raise ValueError("the range is empty or too long")
        asked = {"tenant": tenant, "since": to_timestamp(since), "until": to_timestamp(until), "limit": MAX_COUNTS}
        async with transaction(self._engine) as connection:
            return [
                DeliveryCount(
                    platform=row.platform,
                    model=row.model,
                    provider=row.provider,
                    step=row.step,
                    outcome=row.outcome,
                    count=row[5],
                )
                for row in await connection.execute(_COUNTS, asked)
            ]


def _each_once(rows: Iterable[Row[Any]]) -> list[TimelineStep]:
    """What was told again after a crash may have another time: the earliest counts."""
    known: set[str] = set()
    steps = []
    for row in rows:
        if row.id not in known:
            known.add(row.id)
            steps.append(_step(row))
    return steps


def _step(row: Row[Any]) -> TimelineStep:
    return TimelineStep(
        step=row.step,
        at=from_timestamp(row.at),
        outcome=row.outcome,
        detail=row.detail,
        gateway=row.gateway,
        client=row.client,
        installation=row.installation,
        provider=row.provider,
        platform=row.platform,
        model=row.model,
        app_version=row.app_version,
        provider_id=row.provider_id,
        attempt=row.attempt,
    )


def _own_steps(notice: Row[Any], told: Sequence[TimelineStep]) -> list[TimelineStep]:
    """What the notification's own row says, in the order in which it happens."""
    steps = [
        TimelineStep(step=Step.ACCEPTED, at=from_timestamp(notice.accepted_at)),
        TimelineStep(
            step=Step.CLASSIFIED,
            at=from_timestamp(notice.classified_at),
            outcome="correction" if notice.correction else "new",
        ),
        TimelineStep(step=Step.STORED, at=from_timestamp(notice.stored_at)),
    ]
    known = {each.step for each in told}
    for step, column in _ALSO_TOLD:
        at = getattr(notice, column)
        if at is not None and step not in known:
            steps.append(TimelineStep(step=step, at=from_timestamp(at)))
    return steps
