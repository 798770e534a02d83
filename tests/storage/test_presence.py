"""The contract of presence, held by Redis and by the in-memory twin alike."""

import time
from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr

from domain.errors import OutageError
from storage.connection import Connection, connections_of
from storage.memory.presence import MemoryPresence
from storage.presence import Change, Entry, PresenceStore
from storage.redis import keys
from storage.redis.connection import connect_async
from storage.redis.presence import RedisPresence
from storage.redis.settings import RedisSettings

PLACE = keys.presence("chat:acme/room-1")
OTHER = keys.presence("chat:acme/room-2")
ASKING = "somebody"


@pytest.fixture(params=["memory", "single", "clustered"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[PresenceStore]:
    if request.param == "memory":
        yield MemoryPresence()
        return
    client = connect_async(request.getfixturevalue(request.param))
    yield RedisPresence(client)
    await client.aclose()


def joins(client: str, user: str = "u1", place: str = PLACE) -> Change:
    return Change(place, client, user, b'{"client":"%b"}' % client.encode())


async def clients(store: PresenceStore, place: str = PLACE, *, but: str = ASKING) -> list[str]:
    found = await store.read(place, but=but, at_most=1000)
    assert found is not None
    return sorted(each.client for each in found)


async def test_all_gateways_see_each_others_entries(store: PresenceStore) -> None:
    for gateway in ("g1", "g2"):
        assert not await store.renew(gateway, 60)
        await store.write(
            gateway, [joins(f"{gateway}-c1"), joins(f"{gateway}-c2"), joins(f"{gateway}-c3", place=OTHER)]
        )
    assert await clients(store) == ["g1-c1", "g1-c2", "g2-c1", "g2-c2"]
    assert await clients(store, but="g1") == ["g2-c1", "g2-c2"]
    found = await store.read(OTHER, but="g2", at_most=10)
    assert found == [Entry("g1-c3", "u1", b'{"client":"g1-c3"}')]


async def test_what_is_removed_is_gone(store: PresenceStore) -> None:
    await store.renew("g1", 60)
    await store.write("g1", [joins("c1"), joins("c2")])
    await store.write("g1", [Change(PLACE, "c1", "u1", None), Change(PLACE, "never", "u1", None)])
    assert await clients(store) == ["c2"]


async def test_the_entries_of_a_dead_gateway_end_with_its_lease(store: PresenceStore) -> None:
    await store.renew("dead", 0.05)
    await store.renew("alive", 60)
    await store.write("dead", [joins("c1")])
    await store.write("alive", [joins("c2")])
    while await clients(store) != ["c2"]:
        pass  # the store's own clock ends it; pytest's time limit ends us
    assert not await store.renew("dead", 60), "it must be told that its lease had ended"
    assert await store.renew("dead", 60)


async def test_the_entries_of_a_gateway_that_says_goodbye_end_at_once(store: PresenceStore) -> None:
    await store.renew("g1", 60)
    await store.write("g1", [joins("c1")])
    await store.end("g1")
    assert await clients(store) == []


async def test_users_are_counted_once(store: PresenceStore) -> None:
    for gateway in ("g1", "g2"):
        await store.renew(gateway, 60)
        await store.write(gateway, [joins(f"{gateway}-c1", "u1"), joins(f"{gateway}-c2", "u2")])
    counted = await store.count(PLACE, but=ASKING)
    assert len(counted.clients) == 4
    assert counted.users == frozenset({"u1", "u2"})
    assert len((await store.count(PLACE, but="g1")).clients) == 2


async def test_too_many_are_not_read(store: PresenceStore) -> None:
    await store.renew("g1", 60)
    await store.write("g1", [joins(f"c{each}") for each in range(1_200)])
    assert await store.read(PLACE, but=ASKING, at_most=1_199) is None
    found = await store.read(PLACE, but=ASKING, at_most=1_200)
    assert found is not None
    assert len(found) == 1_200


async def test_the_connections_of_a_user_are_found(store: PresenceStore) -> None:
    opened = Connection("g1", "c1", "acme", "u1", 1_700_000_000_000, installation="phone-1", name="js", version="5.8")
    await store.renew("g1", 60)
    await store.write("g1", [Change(keys.connections("acme", "u1"), "c1", "u1", opened.entry())])
    assert await connections_of(store, "acme", "u1", at_most=10) == [opened]
    assert await connections_of(store, "other", "u1", at_most=10) == []


async def test_it_is_known_when_a_user_was_last_seen(store: PresenceStore) -> None:
    place = keys.connections("acme", "u1")
    before = time.time_ns() // 1_000_000
    await store.renew("g1", 60)
    await store.write("g1", [Change(place, "c1", "u1", b"{}")])
    assert await store.last_seen(place) is None
    await store.write("g1", [Change(place, "c1", "u1", None)])

    seen = await store.last_seen(place)
    assert seen is not None
    assert before - 1 <= seen <= time.time_ns() // 1_000_000 + 1
    assert await store.last_seen(keys.connections("acme", "u2")) is None


async def test_an_outage_is_told(unused_tcp_port_factory: Callable[[], int]) -> None:
    client = connect_async(RedisSettings(url=SecretStr(f"redis://127.0.0.1:{unused_tcp_port_factory()}")))
    store = RedisPresence(client)
    with pytest.raises(OutageError):
        await store.renew("g1", 1)
    with pytest.raises(OutageError):
        await store.write("g1", [joins("c1")])
    with pytest.raises(OutageError):
        await store.read(PLACE, but="g1", at_most=1)
    await client.aclose()
