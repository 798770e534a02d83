"""A migrated PostgreSQL database, for whoever tests on real rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.postgres.engine import open_engine
from storage.postgres.migrations import migrate
from storage.postgres.settings import PostgresSettings


@asynccontextmanager
async def migrated_engine(url: str) -> AsyncIterator[AsyncEngine]:
    settings = PostgresSettings(url=SecretStr(url))
    migrate(settings)
    engine = open_engine(settings, "tests")
    try:
        yield engine
    finally:
        await engine.dispose()
