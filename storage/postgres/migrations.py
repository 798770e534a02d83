"""Brings the database to the schema of this version: Alembic, driven from here and from nowhere else.

A second process that migrates at the same time waits for the first, and then finds nothing to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from storage.postgres.settings import PostgresSettings

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
CONNECTION = "connection"
"""Under this name `migrations/env.py` finds the connection to work on."""
_LOCK = 0x466C656574  # any number that nothing else in the database locks; these bytes read "Fleet"
_LOCK_WAIT_SECONDS = 120


def migrate(settings: PostgresSettings, revision: str = "head") -> list[str]:
    """Upgrades, and returns what was done: one line for each revision, none if all was done before.

    Raises sqlalchemy.exc.OperationalError when PostgreSQL is away, or a lock is held too long: then nothing of the
    revision in question was done.
    """
    with _locked(settings) as connection:
        config = _config(connection)
        scripts = ScriptDirectory.from_config(config)
        before = MigrationContext.configure(connection).get_current_revision()
        command.upgrade(config, revision)
        after = MigrationContext.configure(connection).get_current_revision()
        if before == after or after is None:
            return []
        done = list(scripts.iterate_revisions(after, before))
        return [f"{each.revision}: {each.doc}" for each in reversed(done)]


def downgrade(settings: PostgresSettings, revision: str) -> None:
    """Goes back to a revision, `base` for an empty database. What the undone revisions had added is lost."""
    with _locked(settings) as connection:
        command.downgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    config = Config(attributes={CONNECTION: connection})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


@contextmanager
def _locked(settings: PostgresSettings) -> Iterator[Connection]:
    engine = create_engine(
        settings.address, poolclass=NullPool, connect_args={"connect_timeout": max(1, round(settings.connect_seconds))}
    )
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{_LOCK_WAIT_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()  # the lock is the session's and stays; each revision has a transaction of its own
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()
    engine.dispose()
