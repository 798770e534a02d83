"""Who was told by a notification's id: one id may have gone to a million users."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.postgres.engine import transaction

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


class ToldUsers:
    """Raises OutageError when PostgreSQL cannot be reached in time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, tenant: str, notification: str, limit: int) -> Sequence[str]:
        """Up to `limit` users for whom there is a step of a notification with this id."""
        asked = {"tenant": tenant, "notification": notification, "limit": limit}
        async with transaction(self._engine) as connection:
            return list(await connection.scalars(_USERS, asked))
