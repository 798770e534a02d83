"""Scheduled requests in PostgreSQL: see `storage/scheduled.py`. The database's clock says what is due."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Engine, Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.notification import NotificationRequest
from storage.postgres.engine import sync_transaction, transaction
from storage.postgres.tables import from_timestamp, to_timestamp
from storage.scheduled import Due, ScheduledRequest

# One statement must not name a row twice, and two statements must lock rows in one order.
_PUT = text("""
INSERT INTO scheduled_requests AS s (tenant, id, due_at, request)
SELECT * FROM (
    SELECT DISTINCT ON (tenant, id) tenant, id, due_at, request
    FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[]), CAST(:dues AS timestamptz[]),
        CAST(:requests AS bytea[])) AS given (tenant, id, due_at, request)
    ORDER BY tenant, id, due_at DESC
) AS given
ON CONFLICT (tenant, id) DO UPDATE
    SET due_at = EXCLUDED.due_at, request = EXCLUDED.request, leased_until = NULL, done_at = NULL
    WHERE s.due_at < EXCLUDED.due_at OR (s.due_at = EXCLUDED.due_at AND s.done_at IS NOT NULL)
""")

_LEASE = text("""
UPDATE scheduled_requests AS s SET leased_until = clock_timestamp() + make_interval(secs => :seconds)
FROM (
    SELECT tenant, id FROM scheduled_requests
    WHERE done_at IS NULL AND due_at <= clock_timestamp()
        AND (leased_until IS NULL OR leased_until < clock_timestamp())
    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
) AS due
WHERE (s.tenant, s.id) = (due.tenant, due.id)
RETURNING s.tenant, s.id, s.due_at, s.request
""")

# What was put off while it was leased is due later than what was leased, and so is not done.
_DONE = text("""
UPDATE scheduled_requests AS s SET done_at = clock_timestamp(), leased_until = NULL
FROM (
    SELECT s.tenant, s.id FROM scheduled_requests AS s
    JOIN unnest(CAST(:tenants AS text[]), CAST(:ids AS text[]), CAST(:dues AS timestamptz[]))
        AS given (tenant, id, due_at) USING (tenant, id, due_at)
    WHERE s.done_at IS NULL ORDER BY s.tenant, s.id FOR UPDATE OF s
) AS given
WHERE (s.tenant, s.id) = (given.tenant, given.id)
""")


class Scheduled:
    """A `ScheduledPutting`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, requests: Sequence[ScheduledRequest]) -> None:
        """See ScheduledPutting."""
        if not requests:
            return
        given = {
            "tenants": [each.request.tenant for each in requests],
            "ids": [each.id for each in requests],
            "dues": [to_timestamp(each.due_at) for each in requests],
            "requests": [msgspec.json.encode(each.request) for each in requests],
        }
        with sync_transaction(self._engine) as connection:
            connection.execute(_PUT, given)


class AsyncScheduled:
    """A `ScheduledLeasing`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def lease(self, limit: int, seconds: float) -> list[Due]:
        """See ScheduledLeasing."""
        async with transaction(self._engine) as connection:
            rows = (await connection.execute(_LEASE, {"limit": limit, "seconds": seconds})).all()
        return sorted((_due(row) for row in rows), key=lambda each: each.due_at)

    async def done(self, due: Sequence[Due]) -> int:
        """See ScheduledLeasing."""
        if not due:
            return 0
        given = {
            "tenants": [each.tenant for each in due],
            "ids": [each.id for each in due],
            "dues": [to_timestamp(each.due_at) for each in due],
        }
        async with transaction(self._engine) as connection:
            return (await connection.execute(_DONE, given)).rowcount


def _due(row: Row[Any]) -> Due:
    try:
        request = msgspec.json.decode(row.request, type=NotificationRequest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        request = None
    return Due(row.tenant, row.id, from_timestamp(row.due_at), request)
