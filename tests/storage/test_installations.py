"""How installations are registered, refreshed, moved and removed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from domain.installation import ApnsEnvironment, Installation, Platform, Provider
from storage.installations import InstallationTaken, Registered, Registration, TooManyInstallations
from storage.postgres.installations import Installations
from storage.postgres.push_targets import MOVED
from tests.storage.installed import THEN
from tests.storage.postgres_store import migrated_engine

LATER = THEN + 1_000_000


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[Installations]:
    async with migrated_engine(postgres_url) as engine:
        yield Installations(engine)


def phone(**changes: Any) -> Registration:
    registration = Registration(
        tenant="acme",
        id="phone-1",
        user="ann",
        provider=Provider.FCM,
        platform=Platform.ANDROID,
        push_token="t1",
        app="com.acme.driver",
        model="Pixel 9",
        os_version="16",
        app_version="3.1",
        locale="de-DE",
    )
    return msgspec.structs.replace(registration, **changes)


async def register(store: Installations, registration: Registration, at: int = THEN) -> Registered:
    return await store.register(registration, limit=3, now=at)


async def found(store: Installations, user: str = "ann", name: str = "phone-1") -> Installation:
    installation = await store.find("acme", user, name)
    assert installation is not None
    return installation


async def test_what_is_registered_comes_back_whole(store: Installations) -> None:
    registered = await register(store, phone())

    assert registered.created
    assert msgspec.structs.asdict(registered.installation) == {
        **msgspec.structs.asdict(phone()),
        "token_at": THEN,
        "created_at": THEN,
        "refreshed_at": THEN,
        "disabled_at": None,
        "disabled_reason": None,
    }
    assert await found(store) == registered.installation
    assert await store.of_user("acme", "ann", 10) == [registered.installation]


async def test_a_refresh_keeps_the_push_tokens_instant_and_a_new_token_has_its_own(store: Installations) -> None:
    await register(store, phone())

    refreshed = await register(store, phone(app_version="3.2"), LATER)
    assert not refreshed.created
    assert (refreshed.installation.token_at, refreshed.installation.refreshed_at) == (THEN, LATER)
    assert refreshed.installation.app_version == "3.2"

    renewed = await register(store, phone(push_token="t2"), LATER + 1)
    assert (renewed.installation.token_at, renewed.installation.created_at) == (LATER + 1, THEN)


async def test_what_apple_taught_stays_until_there_is_another_push_token(store: Installations) -> None:
    iphone = phone(provider=Provider.APNS, platform=Platform.IOS)
    await register(store, msgspec.structs.replace(iphone, environment=ApnsEnvironment.SANDBOX))

    assert (await register(store, iphone)).installation.environment is ApnsEnvironment.SANDBOX
    renewed = await register(store, msgspec.structs.replace(iphone, push_token="t2"))
    assert renewed.installation.environment is None


async def test_another_user_on_the_same_device_takes_it_over(store: Installations) -> None:
    """With the same push token: nothing more is pushed there for the user before."""
    await register(store, phone())
    taken = await register(store, phone(user="bob"), LATER)

    assert not taken.created
    assert taken.installation.token_at == LATER, "what was sent to the token for ann says nothing about bob's"
    assert await store.find("acme", "ann", "phone-1") is None
    assert await store.of_user("acme", "ann", 10) == []


async def test_nobody_takes_anothers_installation_without_its_push_token(store: Installations) -> None:
    await register(store, phone())
    with pytest.raises(InstallationTaken):
        await register(store, phone(user="mallory", push_token="mine"))

    assert (await found(store)).push_token == "t1"
    assert (await register(store, phone(user="mallory", push_token="mine", tenant="other"))).created


async def test_a_push_token_that_is_registered_again_elsewhere_moves(store: Installations) -> None:
    await register(store, phone())
    await register(store, phone(id="phone-2"), LATER)

    before = await found(store)
    assert (before.disabled_at, before.disabled_reason) == (LATER, MOVED)
    assert [each.id for each in await store.of_user("acme", "ann", 10)] == ["phone-2"]

    again = await register(store, phone(), LATER + 1)
    assert (again.installation.disabled_at, again.installation.token_at) == (None, LATER + 1)


async def test_a_push_token_moves_across_tenants_too(store: Installations) -> None:
    await register(store, phone())
    await register(store, phone(tenant="other", user="zed"), LATER)
    assert (await found(store)).disabled_reason == MOVED


async def test_a_user_has_so_many_installations_and_no_more(store: Installations) -> None:
    for number in range(3):
        await register(store, phone(id=f"phone-{number}", push_token=f"t{number}"))

    with pytest.raises(TooManyInstallations):
        await register(store, phone(id="phone-9", push_token="t9"))
    assert not (await register(store, phone(id="phone-0", push_token="t00"))).created
    assert (await register(store, phone(id="phone-9", push_token="t1"))).created, "phone-1 lost its push token to it"
    assert await store.remove("acme", "ann", "phone-2")
    assert (await register(store, phone(id="phone-8", push_token="t8"))).created


async def test_the_limit_holds_for_registrations_at_the_same_time(store: Installations) -> None:
    outcomes = await asyncio.gather(
        *(register(store, phone(id=f"phone-{number}", push_token=f"t{number}")) for number in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, TooManyInstallations) for each in outcomes) == 5
    assert len(await store.of_user("acme", "ann", 10)) == 3


async def test_of_those_who_register_one_push_token_at_the_same_time_one_has_it(store: Installations) -> None:
    await asyncio.gather(*(register(store, phone(id=f"phone-{n}", user=f"user-{n}"), THEN + n) for n in range(6)))

    active = [each for n in range(6) for each in await store.of_user("acme", f"user-{n}", 10)]
    assert len(active) == 1


async def test_one_removes_ones_own_only(store: Installations) -> None:
    await register(store, phone())

    assert not await store.remove("acme", "bob", "phone-1")
    assert not await store.remove("other", "ann", "phone-1")
    assert await store.remove("acme", "ann", "phone-1")
    assert not await store.remove("acme", "ann", "phone-1")
    assert (await register(store, phone(user="bob", push_token="t2"))).created
