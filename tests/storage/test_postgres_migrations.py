"""Migrations lead from nothing to exactly the tables that the code declares, and back."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import OperationalError

from storage.postgres.migrations import SCRIPTS, downgrade, migrate
from storage.postgres.schema import METADATA, is_declared
from storage.postgres.settings import PostgresSettings


@pytest.fixture
def settings(postgres_url: str) -> PostgresSettings:
    return PostgresSettings(url=SecretStr(postgres_url))


def test_from_an_empty_database_to_the_declared_tables(settings: PostgresSettings) -> None:
    done = migrate(settings)

    assert done[0].startswith("0001: Credentials of devices")
    engine = create_engine(settings.address)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": True, "include_name": is_declared}
        )
        assert compare_metadata(context, METADATA) == []
        checks = {each["name"] for each in inspect(connection).get_check_constraints("credentials")}
        declared = {str(each.name) for each in METADATA.tables["credentials"].constraints if each.name} - {
            "pk_credentials"
        }
        assert checks == declared, "autogenerate does not compare check constraints"
    engine.dispose()


def test_a_second_run_finds_nothing_to_do(settings: PostgresSettings) -> None:
    migrate(settings)
    assert migrate(settings) == []


def test_down_leaves_an_empty_database_and_up_works_again(settings: PostgresSettings) -> None:
    migrate(settings)
    downgrade(settings, "base")
    engine = create_engine(settings.address)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    assert migrate(settings)


def test_two_at_the_same_time_do_the_work_once(settings: PostgresSettings) -> None:
    done: list[list[str]] = []
    threads = [threading.Thread(target=lambda: done.append(migrate(settings))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(len(each) for each in done) == [0, 0, 0, len(list((SCRIPTS / "versions").glob("*.py")))]


def test_a_held_lock_fails_the_migration_soon_instead_of_queueing_everybody(
    settings: PostgresSettings, postgres_url: str
) -> None:
    migrate(settings)
    with psycopg.connect(postgres_url) as holder:
        holder.execute("SELECT * FROM credentials")  # the transaction stays open, and so does its lock
        with pytest.raises(OperationalError, match="lock timeout"):
            downgrade(settings, "base")


def test_the_command_tells_what_it_did(postgres_url: str) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "storage", "migrate"],
            cwd=SCRIPTS.parent,
            env={**os.environ, "FLEETCAST_POSTGRES_URL": postgres_url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    first, second = run(), run()

    assert (first.returncode, first.stderr) == (0, "")
    assert "migrated to 0001" in first.stdout
    assert second.stdout == "nothing to migrate: the schema is current\n"


def test_the_command_names_what_is_missing(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLEETCAST_")}
    ended = subprocess.run(
        [sys.executable, "-m", "storage", "migrate"],
        cwd=SCRIPTS.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("FLEETCAST_POSTGRES_URL: is required")
