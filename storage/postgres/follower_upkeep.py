"""Followers as tasks look after them: many at once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine, text

from domain.instants import Micros
from storage.postgres.engine import sync_transaction
from storage.postgres.tables import to_timestamp

_GIVEN = (
    "unnest(CAST(:tenants AS text[]), CAST(:interests AS text[]), CAST(:users AS text[])) "
    "AS g (tenant, interest, user_id)"
)
_ADD = text(
    f"INSERT INTO followers (tenant, interest, user_id) SELECT * FROM {_GIVEN} ON CONFLICT DO NOTHING"  # noqa: S608
)
_MISSING = text(
    f"SELECT count(*) FROM {_GIVEN} WHERE NOT EXISTS (SELECT FROM followers AS f "  # noqa: S608 constants alone
    "WHERE (f.tenant, f.interest, f.user_id) = (g.tenant, g.interest, g.user_id))"
)

# From one interest to the next by the primary key: an interest with a million followers is one step.
_INTERESTS = text("""
WITH RECURSIVE found AS (
    (SELECT tenant, interest FROM followers WHERE (tenant, interest) > (:tenant, :interest)
        ORDER BY tenant, interest LIMIT 1)
    UNION ALL
    SELECT next.tenant, next.interest FROM found CROSS JOIN LATERAL (
        SELECT f.tenant, f.interest FROM followers AS f
        WHERE (f.tenant, f.interest) > (found.tenant, found.interest) ORDER BY f.tenant, f.interest LIMIT 1
    ) AS next
)
SELECT tenant, interest FROM (SELECT * FROM found LIMIT :limit) AS found
""")

_NAMED = "tenant = :tenant AND interest = :interest"
_QUIET = text(
    f"SELECT CASE WHEN max(since) < :before THEN count(*) ELSE 0 END FROM followers WHERE {_NAMED}"  # noqa: S608
)
_REMOVE = text(
    "DELETE FROM followers WHERE ctid = ANY(ARRAY(SELECT ctid FROM followers "  # noqa: S608 constants alone
    f"WHERE {_NAMED} AND since < :before LIMIT :limit FOR UPDATE SKIP LOCKED))"
)


class Follower(NamedTuple):
    """That a user follows an interest."""

    tenant: str
    interest: str
    user: str


class FollowerUpkeep:
    """For threads. Every method raises OutageError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, followers: Sequence[Follower]) -> int:
        """They follow; who does already stays. Returns how many are new."""
        with sync_transaction(self._engine) as connection:
            return connection.execute(_ADD, _columns(followers)).rowcount

    def count_missing(self, followers: Sequence[Follower]) -> int:
        """How many of these do not follow."""
        with sync_transaction(self._engine) as connection:
            return int(connection.execute(_MISSING, _columns(followers)).scalar_one())

    def interests(self, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
        """At most `limit` (tenant, interest) that are followed, in order, behind `after`."""
        asked = {"tenant": after[0], "interest": after[1], "limit": limit}
        with sync_transaction(self._engine) as connection:
            return [(row.tenant, row.interest) for row in connection.execute(_INTERESTS, asked)]

    def count_if_quiet(self, tenant: str, interest: str, before: Micros) -> int:
        """The followers of an interest; 0 when somebody began to follow it at or after an instant."""
        asked = {"tenant": tenant, "interest": interest, "before": to_timestamp(before)}
        with sync_transaction(self._engine) as connection:
            return int(connection.execute(_QUIET, asked).scalar_one())

    def remove(self, tenant: str, interest: str, before: Micros, limit: int) -> int:
        """Removes at most `limit` of those who follow since before an instant. Returns how many."""
        asked = {"tenant": tenant, "interest": interest, "before": to_timestamp(before), "limit": limit}
        with sync_transaction(self._engine) as connection:
            return connection.execute(_REMOVE, asked).rowcount


def _columns(followers: Sequence[Follower]) -> dict[str, Any]:
    return {
        "tenants": [each.tenant for each in followers],
        "interests": [each.interest for each in followers],
        "users": [each.user for each in followers],
    }
