"""Who is there, who joins and leaves: on all gateways, whatever becomes of one of them."""

import asyncio
from typing import Any

from storage.connection import Connection, connections_of
from tests.gateway.raw_client import RawClient
from tests.gateway.running import until
from tests.gateway.social import ROOM, error_of, member, social, two_gateways


async def present(client: RawClient, channel: str = ROOM) -> dict[str, Any]:
    found: dict[str, Any] = (await client.ask(presence={"channel": channel}))["presence"]["presence"]
    return found


async def stats(client: RawClient) -> tuple[int, int]:
    found = (await client.ask(presence_stats={"channel": ROOM}))["presence_stats"]
    return found["num_clients"], found["num_users"]


async def count(client: RawClient, clients: int, users: int) -> None:
    """Waits until so many are told."""
    while True:  # pytest's time limit ends it
        if await stats(client) == (clients, users):
            return
        await asyncio.sleep(0.02)  # who asks without a pause is sent away


async def test_presence_names_connections_of_all_gateways() -> None:
    async with two_gateways() as (first, second):
        one, two, three = await member(first, "u1"), await member(second, "u1"), await member(second, "u2")
        await one.subscribe(ROOM)
        assert [each["user"] for each in (await present(one)).values()] == ["u1"], "one's own is told at once"
        await two.subscribe(ROOM)
        await three.subscribe(ROOM)
        await count(one, 3, 2)
        found = await present(one)
        assert sorted(each["user"] for each in found.values()) == ["u1", "u1", "u2"]
        assert all(client == each["client"] for client, each in found.items())
        await two.ask(unsubscribe={"channel": ROOM})
        await count(one, 2, 2)
        await three.close()
        await count(one, 1, 1)


async def test_joins_and_leaves_are_told_on_every_gateway_to_who_asks() -> None:
    async with two_gateways() as (first, second):
        asks, silent, other = await member(first, "u1"), await member(first, "u2"), await member(second, "u3")
        await asks.subscribe(ROOM, join_leave=True)
        await silent.subscribe(ROOM)
        await other.subscribe(ROOM)
        told = [(await asks.next())["push"] for _ in range(3)]
        assert [each["join"]["info"]["user"] for each in told] == ["u1", "u2", "u3"]
        assert {each["channel"] for each in told} == {ROOM}
        await other.ask(unsubscribe={"channel": ROOM})
        assert (await asks.next())["push"]["leave"]["info"]["user"] == "u3"
        await silent.close()
        assert (await asks.next())["push"]["leave"]["info"]["user"] == "u2"
        assert not [frame for frame in silent.frames if "join" in frame or "leave" in frame]


async def test_a_kind_can_tell_everybody_of_joins() -> None:
    async with social() as gateway:
        one, two = await member(gateway, "u1"), await member(gateway, "u2")
        await one.subscribe("short:acme/x")
        await two.subscribe("short:acme/x")
        assert [(await one.next())["push"]["join"]["info"]["user"] for _ in range(2)] == ["u1", "u2"]


async def test_who_may_not_ask_learns_nothing() -> None:
    async with social() as gateway:
        client = await member(gateway)
        for command in ("presence", "presence_stats"):
            for channel in ("fleet:other", "chat:other/room", "nothing:acme", "inbox:acme/u2", "inbox:other/u1"):
                assert await error_of(client, **{command: {"channel": channel}}) == 103
            assert await error_of(client, **{command: {"channel": "mute:acme/x"}}) == 108


async def test_while_the_store_is_away_it_says_so_and_then_catches_up() -> None:
    async with two_gateways() as (first, second):
        one, two = await member(first, "u1"), await member(second, "u2")
        await one.subscribe(ROOM)
        first.topic.presence.away = True
        await two.subscribe(ROOM)
        assert await error_of(one, presence={"channel": ROOM}) == 100
        assert await error_of(one, presence_stats={"channel": ROOM}) == 100
        first.topic.presence.away = False
        await count(one, 2, 2)


async def test_more_than_an_answer_holds_are_counted_only() -> None:
    async with social(presence_clients=2) as gateway:
        clients = [await member(gateway, f"u{each}") for each in range(3)]
        for each in clients:
            await each.subscribe(ROOM)
        assert await error_of(clients[0], presence={"channel": ROOM}) == 106
        assert await stats(clients[0]) == (3, 3)


async def test_the_registry_knows_every_connection_of_a_user() -> None:
    async with two_gateways() as (first, second):
        store = first.topic.presence
        phone = await member(
            first, "u7", name="swift", version="1.2", data={"installation": "phone-1", "accepts": ["notification"]}
        )
        await member(second, "u7", name="js")
        found: list[Connection] = []

        async def registered(expected: int) -> None:
            while len(found) != expected:
                await asyncio.sleep(0)
                found[:] = await connections_of(store, "acme", "u7", at_most=10) or []

        await registered(2)
        swift = next(each for each in found if each.name == "swift")
        assert (swift.installation, swift.version, swift.accepts) == ("phone-1", "1.2", ("notification",))
        assert (swift.gateway, swift.tenant, swift.user) == (first.gateway.node, "acme", "u7")
        assert swift.since > 1_700_000_000_000
        await phone.close()
        await registered(1)
        assert found[0].gateway == second.gateway.node


async def test_many_sockets_cost_the_store_few_writes() -> None:
    async with social() as gateway:
        clients = [await member(gateway, f"u{each}") for each in range(40)]
        for each in clients:
            await each.subscribe(ROOM)
        await until(lambda: gateway.gateway.presence.stale == 0, "all to be written")
        assert gateway.topic.presence.writes < 60, "80 entries came one after the other: they are written in batches"
