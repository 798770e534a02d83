"""The daily partitions of delivery steps: made ahead, and dropped whole when their time is over."""

import datetime
import re

from sqlalchemy import Connection, Engine, text

from domain.instants import DAY, Micros
from storage.postgres.delivery_steps import DeliveryStepRow
from storage.postgres.engine import sync_transaction
from storage.postgres.tables import to_timestamp

TABLE = DeliveryStepRow.__tablename__
DEFAULT = f"{TABLE}_default"
_NAME = re.compile(rf"{TABLE}_(\d{{8}})")
_LOCK = 0x64656C6976657279  # any number that nothing else in the database locks; these bytes read "delivery"
LOCK_SECONDS = 2
"""What taking a table's lock may take: others queue behind whoever waits for one."""
WORK_SECONDS = 120


class DeliveryDays:
    """For threads. Every method raises OutageError, also when a lock is not to be had: try again later."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def days(self) -> list[datetime.date]:
        """The days that have a partition, in order."""
        with sync_transaction(self._engine) as connection:
            return _days(connection)

    def missing(self, first: datetime.date, count: int) -> list[datetime.date]:
        """Of `count` days from `first` on those that have no partition."""
        known = set(self.days())
        wanted = (first + datetime.timedelta(days=number) for number in range(count))
        return [day for day in wanted if day not in known]

    def make(self, day: datetime.date) -> int:
        """The partition of a day, unless it is there. Steps of that day in the default partition move to it; returns
        how many did.

        It is made beside the table and then attached, which holds up only those who write to the default partition.
        """
        name, start, end = _name(day), _start(day), _start(day) + DAY
        bounds = {"start": to_timestamp(start), "end": to_timestamp(end)}
        with sync_transaction(self._engine) as connection:
            _prepare(connection)
            if day in _days(connection):
                return 0
            connection.execute(text(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE"))
            connection.execute(text(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING ALL)"))
            moved = connection.execute(
                text(f"""
                WITH moved AS (DELETE FROM {DEFAULT} WHERE at >= :start AND at < :end RETURNING *)
                INSERT INTO {name} SELECT * FROM moved
                """),  # noqa: S608 names made here
                bounds,
            ).rowcount
            # A partition's bounds cannot be parameters.
            connection.execute(
                text(
                    f"ALTER TABLE {TABLE} ATTACH PARTITION {name} "
                    f"FOR VALUES FROM ('{bounds['start'].isoformat()}') TO ('{bounds['end'].isoformat()}')"
                )
            )
        return moved

    def drop(self, day: datetime.date) -> None:
        """The partition of a day, with all steps in it."""
        with sync_transaction(self._engine) as connection:
            _prepare(connection)
            connection.execute(text(f"DROP TABLE IF EXISTS {_name(day)}"))

    def count_strays(self, before: Micros) -> int:
        """Steps of before an instant in the default partition."""
        query = text(f"SELECT count(*) FROM {DEFAULT} WHERE at < :before")  # noqa: S608 a constant
        with sync_transaction(self._engine) as connection:
            return int(connection.execute(query, {"before": to_timestamp(before)}).scalar_one())

    def remove_strays(self, before: Micros, limit: int) -> int:
        """Removes at most `limit` of those. Returns how many."""
        statement = text(f"""
            DELETE FROM {DEFAULT} WHERE (at, id) IN
                (SELECT at, id FROM {DEFAULT} WHERE at < :before ORDER BY at, id LIMIT :limit)
        """)  # noqa: S608 a constant
        with sync_transaction(self._engine) as connection:
            return connection.execute(statement, {"before": to_timestamp(before), "limit": limit}).rowcount


def _prepare(connection: Connection) -> None:
    """One at a time, with bounds of its own."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
    connection.execute(text(f"SET LOCAL statement_timeout = '{WORK_SECONDS}s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _days(connection: Connection) -> list[datetime.date]:
    partitions = connection.scalars(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:table AS regclass)"),
        {"table": TABLE},
    )
    found = (_NAME.fullmatch(name) for name in partitions)
    return sorted(datetime.datetime.strptime(each[1], "%Y%m%d").date() for each in found if each)  # noqa: DTZ007 UTC


def _name(day: datetime.date) -> str:
    return f"{TABLE}_{day:%Y%m%d}"


def _start(day: datetime.date) -> Micros:
    return (day - datetime.date(1970, 1, 1)).days * DAY
