"""Installations whose app has not been heard of for long."""

from sqlalchemy import Engine, text

from domain.instants import Micros
from storage.postgres.engine import sync_transaction
from storage.postgres.tables import to_timestamp

STALE = "stale"
"""Why such an installation is disabled."""
_STALE = "FROM installations WHERE disabled_at IS NULL AND refreshed_at < :before"
_DISABLE = text(f"""
    UPDATE installations SET disabled_at = :at, disabled_reason = '{STALE}'
    WHERE ctid = ANY(ARRAY(SELECT ctid {_STALE} LIMIT :limit FOR UPDATE SKIP LOCKED))
""")  # noqa: S608 constants alone


class StaleInstallations:
    """For threads. Every method raises OutageError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count(self, before: Micros) -> int:
        """Active ones that refreshed last before an instant."""
        with sync_transaction(self._engine) as connection:
            query = text(f"SELECT count(*) {_STALE}")
            return int(connection.execute(query, {"before": to_timestamp(before)}).scalar_one())

    def disable(self, before: Micros, at: Micros, limit: int) -> int:
        """Disables at most `limit` of those. Returns how many. One that registers again is active again."""
        asked = {"before": to_timestamp(before), "at": to_timestamp(at), "limit": limit}
        with sync_transaction(self._engine) as connection:
            return connection.execute(_DISABLE, asked).rowcount
