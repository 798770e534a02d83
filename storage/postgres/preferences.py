"""Preferences in PostgreSQL, as their users read and set them."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.postgres.engine import transaction
from storage.postgres.preference_rows import PreferenceRow


class Preferences:
    """Documents as `domain/preferences.py` has them. Raises OutageError when PostgreSQL cannot be reached in time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, tenant: str, user: str) -> bytes:
        """The user's document; empty for one who has none."""
        query = select(PreferenceRow.document).where(PreferenceRow.tenant == tenant, PreferenceRow.user_id == user)
        async with transaction(self._engine) as connection:
            return (await connection.execute(query)).scalar_one_or_none() or b""

    async def set(self, tenant: str, user: str, document: bytes) -> None:
        """The user's document is this from now on."""
        statement = insert(PreferenceRow).values(tenant=tenant, user_id=user, document=document)
        told = {"document": statement.excluded.document, "updated_at": func.now()}
        async with transaction(self._engine) as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["tenant", "user_id"], set_=told))
