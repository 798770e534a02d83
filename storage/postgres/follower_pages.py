"""Followers in PostgreSQL, page by page along the primary key."""

from sqlalchemy import Engine, select

from storage.postgres.engine import sync_transaction
from storage.postgres.follower_rows import FollowerRow


class PostgresFollowerPages:
    """The FollowerPages of production: each page is one walk along the index, wherever in it it begins."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, tenant: str, interest: str, after: str | None, limit: int) -> list[str]:
        """See FollowerPages. The order is that of the database's collation, which both conditions use."""
        query = (
            select(FollowerRow.user_id)
            .where(FollowerRow.tenant == tenant, FollowerRow.interest == interest)
            .order_by(FollowerRow.user_id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(FollowerRow.user_id > after)
        with sync_transaction(self._engine) as connection:
            return list(connection.scalars(query))
