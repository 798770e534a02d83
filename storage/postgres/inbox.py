"""Inboxes in PostgreSQL: what is in them, and what people do with it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.push_state import LEADS_TO, PushState
from storage.inbox import Deed, Done, InboxItem, Scope
from storage.postgres.engine import transaction
from storage.postgres.notifications import NotificationRow
from storage.postgres.tables import from_timestamp

_TABLE = NotificationRow.__table__
_SHOWN = (_TABLE.c.archived_at.is_(None), _TABLE.c.replaced_by.is_(None))

_UNREAD = text("""
SELECT count(*) FROM (
    SELECT 1 FROM notifications
    WHERE tenant = :tenant AND user_id = :user
        AND read_at IS NULL AND archived_at IS NULL AND replaced_by IS NULL
    LIMIT :bound
) AS unread
""")

# Rows are chosen first and then locked in the order of their ids, as everything does that changes several of them.
_CHANGE = """
WITH chosen AS ({chosen}), locked AS (
    SELECT tenant, user_id, id, push_state, {at} AS done_at FROM notifications
    WHERE tenant = :tenant AND user_id = :user AND id IN (SELECT id FROM chosen)
    ORDER BY tenant, user_id, id FOR UPDATE
)
UPDATE notifications AS n SET
    {at} = coalesce(n.{at}, clock_timestamp()),
    {also}
    push_state = CASE WHEN l.push_state = ANY(CAST(:sources AS text[])) THEN :state ELSE l.push_state END,
    push_changed_at = CASE WHEN l.push_state = ANY(CAST(:sources AS text[])) THEN clock_timestamp()
        ELSE n.push_changed_at END
FROM locked AS l
WHERE (n.tenant, n.user_id, n.id) = (l.tenant, l.user_id, l.id)
RETURNING n.id, n.seq, n.{at} AS at, l.done_at IS NULL AS changed,
    l.push_state = ANY(CAST(:sources AS text[])) AS prevented
"""
_NAMED = "SELECT unnest(CAST(:ids AS text[])) AS id"
_FIRST_UP_TO = """
    SELECT id FROM notifications
    WHERE tenant = :tenant AND user_id = :user AND seq <= :up_to AND {at} IS NULL
        AND archived_at IS NULL AND replaced_by IS NULL
    ORDER BY seq LIMIT :limit
"""
_COLUMNS = {Deed.READ: "read_at", Deed.ARCHIVE: "archived_at"}
_STATES = {Deed.READ: PushState.ACKED, Deed.ARCHIVE: PushState.CANCELLED}
# Who has read something has it.
_ALSO = {Deed.READ: "acked_at = coalesce(n.acked_at, clock_timestamp()),", Deed.ARCHIVE: ""}


class Inboxes:
    """Raises OutageError from every method when PostgreSQL cannot be reached in time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def newest(
        self, tenant: str, user: str, *, before: int | None, limit: int, unread: bool = False
    ) -> Sequence[InboxItem]:
        """Up to `limit`, the newest first; those with a `seq` below `before`."""
        query = _shown(tenant, user).order_by(_TABLE.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(_TABLE.c.seq < before)
        if unread:
            query = query.where(_TABLE.c.read_at.is_(None))
        return await self._items(query)

    async def since(self, tenant: str, user: str, *, after: int, limit: int) -> Sequence[InboxItem]:
        """Up to `limit` that came after a place, in their order: what somebody missed. What was replaced is not there,
        for what replaced it is."""
        query = _shown(tenant, user).where(_TABLE.c.seq > after).order_by(_TABLE.c.seq).limit(limit)
        return await self._items(query)

    async def unread(self, tenant: str, user: str, *, at_most: int) -> int:
        """How many are unread, counted up to `at_most`."""
        async with transaction(self._engine) as connection:
            counted = await connection.execute(_UNREAD, {"tenant": tenant, "user": user, "bound": at_most})
            return int(counted.scalar_one())

    async def latest(self, tenant: str, user: str) -> int:
        """The highest `seq`; 0 when nothing was ever stored."""
        query = (
            select(_TABLE.c.seq)
            .where(_TABLE.c.tenant == tenant, _TABLE.c.user_id == user)
            .order_by(_TABLE.c.seq.desc())
            .limit(1)
        )
        async with transaction(self._engine) as connection:
            return int((await connection.execute(query)).scalar_one_or_none() or 0)

    async def change(self, tenant: str, user: str, deed: Deed, scope: Scope, *, limit: int) -> Sequence[Done]:
        """Marks them, and ends what is still open of their pushes, in one statement.

        Of ids: all that the user has, whether they were marked before or not. Up to a place: the first `limit` that
        were not. Sorted by `seq`.
        """
        asked: dict[str, Any] = {
            "tenant": tenant,
            "user": user,
            "state": str(_STATES[deed]),
            "sources": [str(each) for each in LEADS_TO[_STATES[deed]]],
        }
        column = _COLUMNS[deed]
        if scope.ids is None:
            chosen = _FIRST_UP_TO.format(at=column)
            asked |= {"up_to": scope.up_to, "limit": limit}
        else:
            chosen = _NAMED
            asked |= {"ids": list(scope.ids)}
        statement = text(_CHANGE.format(chosen=chosen, at=column, also=_ALSO[deed]))
        async with transaction(self._engine) as connection:
            rows = (await connection.execute(statement, asked)).all()
        done = [Done(row.id, row.seq, from_timestamp(row.at), row.prevented, row.changed) for row in rows]
        return sorted(done, key=lambda each: each.seq)

    async def _items(self, query: Any) -> Sequence[InboxItem]:
        async with transaction(self._engine) as connection:
            return [_item(row) for row in await connection.execute(query)]


def _shown(tenant: str, user: str) -> Any:
    return select(_TABLE).where(_TABLE.c.tenant == tenant, _TABLE.c.user_id == user, *_SHOWN)


def _item(row: Row[Any]) -> InboxItem:
    return InboxItem(
        id=row.id,
        seq=row.seq,
        type=row.type,
        title=row.title,
        body=row.body,
        data=row.data,
        priority=row.priority,
        about=row.about,
        interest=row.interest,
        match_key=row.match_key,
        match_version=row.match_version,
        created_at=from_timestamp(row.created_at),
        expires_at=from_timestamp(row.expires_at),
        stored_at=from_timestamp(row.stored_at),
        correction=row.correction,
        acked_at=None if row.acked_at is None else from_timestamp(row.acked_at),
        read_at=None if row.read_at is None else from_timestamp(row.read_at),
    )
