"""Who was told by a notification's id: one id may have gone to a million users."""

from collections.abc import Callable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.instants import MINUTE, Micros
from storage.postgres.engine import transaction
from storage.postgres.tables import to_timestamp

# From one user to the next along the index, so that the many steps of each are not gone through.
_USERS = text("""
WITH RECURSIVE told AS (
    (SELECT user_id FROM delivery_steps WHERE tenant = :tenant AND notification = :notification
        ORDER BY user_id LIMIT 1)
    UNION ALL
    SELECT (SELECT s.user_id FROM delivery_steps AS s
        WHERE s.tenant = :tenant AND s.notification = :notification AND s.user_id > told.user_id
        ORDER BY s.user_id LIMIT 1)
    FROM told WHERE told.user_id IS NOT NULL
)
SELECT user_id FROM told WHERE user_id IS NOT NULL LIMIT :limit
""")

# The history has no index by id alone, which each notification would pay for. What no receipt has told of yet was
# stored lately: these rows are found by their time alone (a tenant's index would go through all that it has), up to a
# bound.
_LATELY = text("""
SELECT user_id FROM (
    SELECT tenant, user_id, id FROM notifications WHERE stored_at >= :since LIMIT :looked_at
) AS lately
WHERE tenant = :tenant AND id = :notification ORDER BY user_id LIMIT :limit
""")

LATELY: Micros = 5 * MINUTE
"""As far as receipts may be behind the history."""
MAX_LOOKED_AT = 500_000
"""Rows of the history that one question reads: half a second."""


class ToldUsers:
    """Raises OutageError when PostgreSQL cannot be reached in time."""

    def __init__(self, engine: AsyncEngine, now: Callable[[], Micros]) -> None:
        self._engine = engine
        self._now = now

    async def of(self, tenant: str, notification: str, limit: int) -> Sequence[str]:
        """Up to `limit` users who were told a notification with this id: those for whom there is a step of it, and
        those in whose history it is since at most LATELY (among MAX_LOOKED_AT of all since then).
        """
        asked = {"tenant": tenant, "notification": notification, "limit": limit}
        async with transaction(self._engine) as connection:
            users = set(await connection.scalars(_USERS, asked))
            if len(users) < limit:
                since = to_timestamp(self._now() - LATELY)
                lately = {**asked, "since": since, "looked_at": MAX_LOOKED_AT}
                users.update(await connection.scalars(_LATELY, lately))
        return sorted(users)[:limit]
