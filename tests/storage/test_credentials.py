"""Every store of credentials keeps the same promises."""

import time
from collections.abc import AsyncIterator

import msgspec
import pytest
from pydantic import SecretStr

from domain.errors import OutageError
from domain.instants import SECOND
from runtime.settings import SettingsError, load_sections
from storage.credentials import Credential, CredentialKind, CredentialStore, DuplicateCredential
from storage.memory.credentials import MemoryCredentials
from storage.postgres.credentials import PostgresCredentials
from storage.postgres.engine import open_engine
from storage.postgres.settings import PostgresSettings
from tests.storage.postgres_store import migrated_engine


def now() -> int:
    return time.time_ns() // 1000


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[CredentialStore]:
    if request.param == "memory":
        yield MemoryCredentials(now)
        return
    async with migrated_engine(request.getfixturevalue("postgres_url")) as engine:
        yield PostgresCredentials(engine)


def device(credential_id: str = "d1", fleet: str = "acme.eu") -> Credential:
    return Credential(
        id=credential_id,
        kind=CredentialKind.DEVICE,
        tenant=fleet.partition(".")[0],
        fleet=fleet,
        device="truck-7-box",
        assets=frozenset({"truck-7", "trailer-9"}),
        secret_hash=bytes(range(32)),
        name="the box in truck 7",
        created_at=1_790_000_000_123_456,
        expires_at=1_890_000_000_654_321,
        rate=2.5,
        burst=10,
    )


async def test_what_is_kept_comes_back_whole(store: CredentialStore) -> None:
    backend = Credential(
        id="b1",
        kind=CredentialKind.BACKEND,
        tenant="acme",
        fleet=None,
        device=None,
        assets=frozenset(),
        secret_hash=b"\xff" * 32,
        created_at=1_790_000_000_000_000,
    )
    await store.add(device())
    await store.add(backend)

    assert await store.find("d1") == device()
    assert await store.find("b1") == backend
    assert await store.find("nobody") is None


async def test_an_id_is_given_once(store: CredentialStore) -> None:
    await store.add(device())
    with pytest.raises(DuplicateCredential):
        await store.add(device())


async def test_revocation_stays_and_the_first_instant_counts(store: CredentialStore) -> None:
    await store.add(device())
    before = now()
    first = await store.revoke("d1")
    second = await store.revoke("d1")

    assert first is not None
    assert first.revoked_at is not None
    assert abs(first.revoked_at - before) < 60 * SECOND
    assert second == first == await store.find("d1")
    assert await store.revoke("nobody") is None


async def test_limits_are_set_and_taken_back(store: CredentialStore) -> None:
    await store.add(device())
    assert await store.set_limits("d1", rate=50.0, burst=200) == msgspec.structs.replace(device(), rate=50.0, burst=200)
    assert await store.set_limits("d1", rate=None, burst=None) == msgspec.structs.replace(
        device(), rate=None, burst=None
    )
    assert await store.set_limits("nobody", rate=1.0, burst=1) is None


async def test_changes_are_told_and_creations_are_not(store: CredentialStore) -> None:
    for each in ("d1", "d2", "d3"):
        await store.add(device(each))
    assert await store.changes(60, 100) == []
    await store.revoke("d1")
    await store.set_limits("d3", rate=1.0, burst=1)

    assert sorted(await store.changes(60, 100)) == ["d1", "d3"]
    assert len(await store.changes(60, 1)) == 1


async def test_the_list_is_paged_and_kept_to_a_tenant_or_fleet(store: CredentialStore) -> None:
    for each, fleet in (("a", "acme"), ("b", "acme.eu"), ("c", "other"), ("d", "acme")):
        await store.add(device(each, fleet))

    async def ids(tenant: str | None = None, fleet: str | None = None, after: str | None = None) -> list[str]:
        return [each.id for each in await store.list(tenant=tenant, fleet=fleet, after=after, limit=2)]

    assert await ids() == ["a", "b"]
    assert await ids(after="b") == ["c", "d"]
    assert await ids(tenant="acme", after="a") == ["b", "d"]
    assert await ids(fleet="acme") == ["a", "d"]


async def test_a_database_that_is_away_is_an_outage() -> None:
    settings = PostgresSettings(url=SecretStr("postgresql://nobody:secret@127.0.0.1:9/none"))
    engine = open_engine(settings, "tests")
    with pytest.raises(OutageError) as raised:
        await PostgresCredentials(engine).find("d1")
    assert "secret" not in str(raised.value)
    await engine.dispose()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://h/d", "must begin with postgresql://"),
        ("postgresql://h", "names no database"),
        ("not a url", "is not a URL"),
    ],
)
def test_a_wrong_url_is_told_without_repeating_it(url: str, problem: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_sections(PostgresSettings, environ={"FLEETCAST_POSTGRES_URL": url})
    assert raised.value.problems == [f"FLEETCAST_POSTGRES_URL: {problem}"]


def test_sslmode_and_friends_reach_libpq() -> None:
    settings = PostgresSettings(
        url=SecretStr("postgres://u:p@db/fleetcast?sslmode=verify-full&sslrootcert=/etc/ca.pem")
    )
    assert settings.address.query == {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}
    assert settings.address.drivername == "postgresql+psycopg"
    assert "p@" not in str(settings)
