"""A running control_api for each test that asks for one, and a database with all tables, copied from a migrated one."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from storage.postgres.migrations import migrate
from storage.postgres.settings import PostgresSettings
from tests.control_api.rig import Control, running_control


@pytest.fixture(scope="session")
def template(postgres_server_url: str) -> Iterator[str]:
    """The name of a migrated database that nobody is connected to: copying it takes a tenth of migrating."""
    name = f"template_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_server_url, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        migrate(PostgresSettings(url=SecretStr(f"{postgres_server_url.rsplit('/', 1)[0]}/{name}")))
        yield name
        server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def tables_url(postgres_server_url: str, template: str, unique: str) -> Iterator[str]:
    with copied(postgres_server_url, template, unique) as url:
        yield url


@pytest.fixture(scope="module")
def module_url(postgres_server_url: str, template: str) -> Iterator[str]:
    """One database for all tests of a module."""
    with copied(postgres_server_url, template, f"t{secrets.token_hex(4)}") as url:
        yield url


@contextmanager
def copied(postgres_server_url: str, template: str, unique: str) -> Iterator[str]:
    with psycopg.connect(postgres_server_url, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(unique), Identifier(template)))
        yield f"{postgres_server_url.rsplit('/', 1)[0]}/{unique}"
        server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(unique)))


@pytest.fixture
async def control(tables_url: str) -> AsyncIterator[Control]:
    async with running_control(tables_url) as running:
        yield running
