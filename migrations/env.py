"""How Alembic runs here: on the connection that `storage/postgres/migrations.py` hands over with its lock held, or, for
`alembic revision --autogenerate` and `alembic check` in development, on one of its own from FLEETCAST_POSTGRES_URL."""

from alembic import context
from sqlalchemy import Connection, create_engine, text

from runtime.settings import load_sections
from storage.postgres.migrations import CONNECTION
from storage.postgres.schema import METADATA, is_declared
from storage.postgres.settings import PostgresSettings

# A migration that waits for a lock makes everybody else wait behind it: better to fail, and to be run again.
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "5min"


def run(connection: Connection) -> None:
    """Runs what was asked for, each revision in a transaction of its own."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        transaction_per_migration=True,
        compare_server_default=True,
        include_name=is_declared,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


def main() -> None:
    """Finds the connection."""
    if context.is_offline_mode():
        raise SystemExit("migrations run against a database only: some of them look before they change")
    handed: Connection | None = context.config.attributes.get(CONNECTION)
    if handed is not None:
        run(handed)
        return
    engine = create_engine(load_sections(PostgresSettings)[PostgresSettings].address)
    with engine.connect() as connection:
        run(connection)
    engine.dispose()


main()
