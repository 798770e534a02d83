"""Who follows what."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from storage.followers import TooManyInterests
from storage.postgres.followers import Followers
from tests.storage.postgres_store import migrated_engine


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[Followers]:
    async with migrated_engine(postgres_url) as engine:
        yield Followers(engine)


async def follow(store: Followers, interest: str, user: str = "ann", tenant: str = "acme") -> bool:
    return (await store.follow(tenant, interest, user, limit=3))[1]


async def test_to_follow_twice_is_to_follow_since_the_first_time(store: Followers) -> None:
    first, new = await store.follow("acme", "news", "ann", limit=3)
    again, anew = await store.follow("acme", "news", "ann", limit=3)

    assert (new, anew) == (True, False)
    assert first == again == await store.find("acme", "news", "ann")
    assert await store.find("acme", "news", "bob") is None
    assert await store.find("other", "news", "ann") is None


async def test_who_unfollows_follows_no_more(store: Followers) -> None:
    await follow(store, "news")
    assert await store.unfollow("acme", "news", "ann")
    assert not await store.unfollow("acme", "news", "ann")
    assert await store.find("acme", "news", "ann") is None


async def test_what_a_user_follows_comes_in_pages(store: Followers) -> None:
    for interest in ("order/acme/A-2", "news", "order/acme/A-1"):
        await follow(store, interest)
    await follow(store, "sports", "bob")

    first = await store.of_user("acme", "ann", after="", limit=2)
    rest = await store.of_user("acme", "ann", after=first[-1].interest, limit=2)

    assert [each.interest for each in (*first, *rest)] == ["news", "order/acme/A-1", "order/acme/A-2"]


async def test_a_user_follows_so_much_and_no_more(store: Followers) -> None:
    outcomes = await asyncio.gather(*(follow(store, f"i{number}") for number in range(6)), return_exceptions=True)
    assert sum(isinstance(each, TooManyInterests) for each in outcomes) == 3
    assert len(await store.of_user("acme", "ann", after="", limit=10)) == 3


async def test_two_share_an_interest_only_if_both_follow_it_in_one_tenant(store: Followers) -> None:
    await follow(store, "news")
    await follow(store, "news", "bob")
    await follow(store, "sports", "carol")
    await follow(store, "news", "dan", "other")

    assert await store.share_one("acme", "ann", "bob")
    assert await store.share_one("acme", "bob", "ann")
    for stranger in ("carol", "dan", "nobody"):
        assert not await store.share_one("acme", "ann", stranger)
