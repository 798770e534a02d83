"""Connections to PostgreSQL, and the translation of its outages."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from domain.errors import OutageError
from storage.postgres.settings import PostgresSettings

# OperationalError is psycopg's class for everything outside the program's control: SQLSTATE 08, 53, 57, 58.
_OUTAGES = (OperationalError, InterfaceError, PoolTimeoutError, OSError, TimeoutError)


def open_engine(settings: PostgresSettings, application: str) -> AsyncEngine:
    """An engine that connects when first used. `application` is shown in `pg_stat_activity`."""
    return create_async_engine(settings.address, **_options(settings, application))


def open_sync_engine(settings: PostgresSettings, application: str) -> Engine:
    """The same for a processor's thread."""
    return create_engine(settings.address, **_options(settings, application))


def _options(settings: PostgresSettings, application: str) -> dict[str, Any]:
    return {
        "pool_size": settings.pool_size,
        "max_overflow": 0,
        "pool_timeout": settings.connect_seconds,
        "pool_pre_ping": True,  # a fail-over leaves dead connections in the pool
        "pool_recycle": 1800,
        "hide_parameters": True,  # they would end up in errors and so in the log
        "connect_args": {
            "connect_timeout": max(1, round(settings.connect_seconds)),
            "application_name": application,
            "options": f"-c statement_timeout={round(settings.statement_seconds * 1000)} -c timezone=UTC",
        },
    }


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction. Raises OutageError when PostgreSQL cannot be reached, is overloaded, or is shutting down."""
    try:
        async with engine.begin() as connection:
            yield connection
    except _OUTAGES as error:
        raise OutageError(f"PostgreSQL: {_brief(error)}") from error


@contextmanager
def sync_transaction(engine: Engine) -> Iterator[Connection]:
    """The same for a processor's thread."""
    try:
        with engine.begin() as connection:
            yield connection
    except _OUTAGES as error:
        raise OutageError(f"PostgreSQL: {_brief(error)}") from error


def _brief(error: Exception) -> str:
    """One line; the rest of a driver's message may quote the statement."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0]
