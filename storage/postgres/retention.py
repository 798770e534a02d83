"""What is kept no longer: notifications and scheduled requests."""

from sqlalchemy import Engine, TextClause, text

from domain.instants import Micros
from storage.postgres.engine import sync_transaction
from storage.postgres.tables import to_timestamp

_OLD_NOTIFICATIONS = "FROM notifications WHERE stored_at < :before"
_OLD_SCHEDULED = "FROM scheduled_requests WHERE done_at < :before"


def _remove(table: str, old: str) -> TextClause:
    """Rows that somebody else has locked are left for the next batch."""
    return text(f"""
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid {old} LIMIT :limit FOR UPDATE SKIP LOCKED))
    """)  # noqa: S608 constants alone


class Retention:
    """For threads. Every method raises OutageError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count_notifications(self, before: Micros) -> int:
        """Notifications that were stored before an instant."""
        return self._count(_OLD_NOTIFICATIONS, before)

    def remove_notifications(self, before: Micros, limit: int) -> int:
        """Removes at most `limit` of those. Returns how many."""
        return self._change(_remove("notifications", _OLD_NOTIFICATIONS), before, limit)

    def count_scheduled(self, before: Micros) -> int:
        """Scheduled requests that were done before an instant."""
        return self._count(_OLD_SCHEDULED, before)

    def remove_scheduled(self, before: Micros, limit: int) -> int:
        """Removes at most `limit` of those. Returns how many."""
        return self._change(_remove("scheduled_requests", _OLD_SCHEDULED), before, limit)

    def _count(self, old: str, before: Micros) -> int:
        with sync_transaction(self._engine) as connection:
            query = text(f"SELECT count(*) {old}")
            return int(connection.execute(query, {"before": to_timestamp(before)}).scalar_one())

    def _change(self, statement: TextClause, before: Micros, limit: int) -> int:
        with sync_transaction(self._engine) as connection:
            return connection.execute(statement, {"before": to_timestamp(before), "limit": limit}).rowcount
