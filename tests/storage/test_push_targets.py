"""Every store of installations keeps the same promises to those who push."""

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from domain.errors import OutageError
from domain.installation import ApnsEnvironment, Installation, Provider
from storage.memory.push_targets import MemoryPushTargets
from storage.postgres.engine import open_sync_engine
from storage.postgres.installation_reading import token_hash
from storage.postgres.installation_rows import InstallationRow
from storage.postgres.migrations import migrate
from storage.postgres.push_targets import MOVED, PostgresPushTargets
from storage.postgres.settings import PostgresSettings
from storage.postgres.tables import to_timestamp
from storage.push_targets import PushTargets
from tests.storage.installed import THEN, installation

Store = Callable[..., PushTargets]


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Makes a store that holds the given installations."""
    if request.param == "memory":
        yield MemoryPushTargets
        return
    settings = PostgresSettings(url=SecretStr(request.getfixturevalue("postgres_url")))
    migrate(settings)
    engine = open_sync_engine(settings, "tests")

    def make(*installations: Installation) -> PostgresPushTargets:
        with engine.begin() as connection:
            for each in installations:
                connection.execute(insert(InstallationRow).values(_row(each)))
        return PostgresPushTargets(engine)

    yield make
    engine.dispose()


def _row(each: Installation) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(each, name) for name in each.__struct_fields__}
    row["user_id"] = row.pop("user")
    for name in ("token_at", "created_at", "refreshed_at", "disabled_at"):
        row[name] = None if row[name] is None else to_timestamp(getattr(each, name))
    return {
        **row,
        "provider": str(each.provider),
        "platform": str(each.platform),
        "token_hash": token_hash(each.push_token),
    }


def test_the_active_installations_of_many_users_come_in_one_answer(store: Store) -> None:
    disabled = installation("phone-3", "bob", disabled_at=THEN, disabled_reason="unregistered")
    targets = store(
        installation("phone-2"),
        installation("phone-1"),
        disabled,
        installation("phone-4", "bob"),
        installation("phone-1", tenant="other", push_token="x"),
        installation("phone-5", "carol"),
    )

    found = targets.of_users([("acme", "ann"), ("acme", "bob"), ("acme", "nobody"), ("other", "bob")])

    assert {key: [each.id for each in installations] for key, installations in found.items()} == {
        ("acme", "ann"): ["phone-1", "phone-2"],
        ("acme", "bob"): ["phone-4"],
    }
    assert targets.of_users([]) == {}


def test_installations_are_found_by_tenant_and_id(store: Store) -> None:
    targets = store(installation(), installation("phone-3", disabled_at=THEN))

    found = targets.of_installations([("acme", "phone-1"), ("acme", "phone-3"), ("other", "phone-1")])

    assert found == {("acme", "phone-1"): installation()}


def test_an_answer_about_an_older_push_token_disables_nothing(store: Store) -> None:
    targets = store(installation())

    assert not targets.disable("acme", "phone-1", token_at=THEN - 1, at=THEN + 5, reason="unregistered")
    assert not targets.disable("other", "phone-1", token_at=THEN, at=THEN + 5, reason="unregistered")
    assert targets.of_installations([("acme", "phone-1")])

    assert targets.disable("acme", "phone-1", token_at=THEN, at=THEN + 5, reason="unregistered")
    assert not targets.disable("acme", "phone-1", token_at=THEN, at=THEN + 6, reason="again")
    assert targets.of_users([("acme", "ann")]) == {}


def test_a_moved_push_token_takes_the_place_of_the_old_one_everywhere(store: Store) -> None:
    other = installation("tablet", "bob", push_token="new", tenant="other")
    same_text = installation("laptop", "bob", push_token="new", provider=Provider.SNS)
    targets = store(installation(), other, same_text)

    assert targets.moved("acme", "phone-1", token_at=THEN, at=THEN + 9, push_token="new")
    assert not targets.moved("acme", "phone-1", token_at=THEN, at=THEN + 10, push_token="newer")

    found = targets.of_installations([("acme", "phone-1"), ("other", "tablet"), ("acme", "laptop")])
    assert set(found) == {("acme", "phone-1"), ("acme", "laptop")}
    assert (found["acme", "phone-1"].push_token, found["acme", "phone-1"].token_at) == ("new", THEN + 9)


def test_the_environment_is_learned_of_the_push_token_that_was_pushed_to(store: Store) -> None:
    targets = store(installation(provider=Provider.APNS))

    sandbox = ApnsEnvironment.SANDBOX
    assert not targets.learn_environment("acme", "phone-1", token_at=THEN + 1, environment=sandbox)
    assert targets.learn_environment("acme", "phone-1", token_at=THEN, environment=sandbox)
    assert targets.of_installations([("acme", "phone-1")])["acme", "phone-1"].environment is sandbox


def test_what_was_disabled_long_ago_is_forgotten_in_pieces(store: Store) -> None:
    old = [installation(f"old-{n}", disabled_at=THEN + n, disabled_reason=MOVED) for n in range(3)]
    targets = store(installation(), *old, installation("new", disabled_at=THEN + 100))

    assert targets.count_disabled(THEN + 50) == 3
    assert targets.remove_disabled(THEN + 50, 2) == 2
    assert targets.remove_disabled(THEN + 50, 2) == 1
    assert targets.remove_disabled(THEN + 50, 2) == 0
    assert targets.count_disabled(THEN + 1_000) == 1
    assert targets.of_users([("acme", "ann")])


def test_a_database_that_is_away_is_an_outage() -> None:
    settings = PostgresSettings(url=SecretStr("postgresql://nobody@127.0.0.1:1/none"), connect_seconds=1)
    engine = open_sync_engine(settings, "tests")
    memory = MemoryPushTargets()
    memory.away = True
    for targets in (PostgresPushTargets(engine), memory):
        with pytest.raises(OutageError):
            targets.of_users([("acme", "ann")])
    engine.dispose()
