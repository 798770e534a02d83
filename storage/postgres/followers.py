"""Who follows what, in PostgreSQL, as users say it. For pages of an interest's followers see `follower_pages.py`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import aliased

from storage.followers import Followed, TooManyInterests
from storage.postgres.engine import transaction
from storage.postgres.follower_rows import FollowerRow
from storage.postgres.tables import from_timestamp

_TABLE = FollowerRow.__table__
# What one user follows is counted and changed by one at a time.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 3))")


class Followers:
    """Raises OutageError from every method when PostgreSQL cannot be reached in time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def follow(self, tenant: str, interest: str, user: str, *, limit: int) -> tuple[Followed, bool]:
        """The user follows it from now on; True: did not before. Raises TooManyInterests (over `limit`)."""
        async with transaction(self._engine) as connection:
            await connection.execute(_LOCK, {"name": f"{tenant}/{user}"})
            found = await connection.execute(_followed().where(_named(tenant, interest, user)))
            if (known := found.first()) is not None:
                return _read(known), False
            count = select(func.count()).where(FollowerRow.tenant == tenant, FollowerRow.user_id == user)
            if (await connection.execute(count)).scalar_one() >= limit:
                raise TooManyInterests
            statement = insert(FollowerRow).values(tenant=tenant, interest=interest, user_id=user)
            made = await connection.execute(statement.returning(_TABLE.c.interest, _TABLE.c.since))
            return _read(made.one()), True

    async def unfollow(self, tenant: str, interest: str, user: str) -> bool:
        """The user does not follow it any more; False: did not before."""
        async with transaction(self._engine) as connection:
            removed = await connection.execute(delete(FollowerRow).where(_named(tenant, interest, user)))
            return removed.rowcount > 0

    async def find(self, tenant: str, interest: str, user: str) -> Followed | None:
        """None: the user does not follow it."""
        async with transaction(self._engine) as connection:
            row = (await connection.execute(_followed().where(_named(tenant, interest, user)))).first()
            return None if row is None else _read(row)

    async def of_user(self, tenant: str, user: str, *, after: str, limit: int) -> Sequence[Followed]:
        """Up to `limit` of what the user follows, from above `after` ("" for the first), in their order."""
        query = (
            _followed()
            .where(FollowerRow.tenant == tenant, FollowerRow.user_id == user, FollowerRow.interest > after)
            .order_by(FollowerRow.interest)
            .limit(limit)
        )
        async with transaction(self._engine) as connection:
            return [_read(row) for row in await connection.execute(query)]

    async def share_one(self, tenant: str, user: str, other: str) -> bool:
        """Whether there is an interest that both follow."""
        mine, theirs = aliased(FollowerRow), aliased(FollowerRow)
        query = select(
            exists().where(
                mine.tenant == tenant,
                mine.user_id == user,
                theirs.tenant == tenant,
                theirs.interest == mine.interest,
                theirs.user_id == other,
            )
        )
        async with transaction(self._engine) as connection:
            return bool((await connection.execute(query)).scalar_one())


def _followed() -> Select[Any]:
    return select(_TABLE.c.interest, _TABLE.c.since)


def _named(tenant: str, interest: str, user: str) -> ColumnElement[bool]:
    return and_(FollowerRow.tenant == tenant, FollowerRow.interest == interest, FollowerRow.user_id == user)


def _read(row: Row[Any]) -> Followed:
    return Followed(row.interest, from_timestamp(row.since))
