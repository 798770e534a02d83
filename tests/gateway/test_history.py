"""What a channel still holds, page by page, on any gateway."""

from typing import Any

from tests.gateway.live_topic import position
from tests.gateway.social import ROOM, error_of, member, published, social, two_gateways


def numbers(history: dict[str, Any]) -> list[int]:
    return [each["data"] for each in history["publications"]]


async def test_what_was_acknowledged_is_in_the_history_of_every_gateway_at_once() -> None:
    async with two_gateways() as (first, second):
        here, there = await member(first), await member(second, "u2")
        await here.subscribe(ROOM)
        for each in range(20):
            await published(here, ROOM, each)
            found = (await there.ask(history={"channel": ROOM, "limit": -1}))["history"]
            assert numbers(found) == list(range(each + 1))
            assert found["offset"] >= found["publications"][-1]["offset"]


async def test_pages_forwards_and_backwards() -> None:
    async with social() as gateway:
        client = await member(gateway)
        epoch = (await client.subscribe(ROOM))["epoch"]
        await published(client, ROOM, *range(5))

        async def ask(**request: Any) -> dict[str, Any]:
            history: dict[str, Any] = (await client.ask(history={"channel": ROOM, **request}))["history"]
            assert history["epoch"] == epoch
            return history

        assert numbers(await ask(limit=2)) == [0, 1]
        first = (await ask(limit=2))["publications"]
        since = {"offset": first[-1]["offset"], "epoch": epoch}
        assert numbers(await ask(limit=2, since=since)) == [2, 3]
        assert numbers(await ask(limit=-1, since=since)) == [2, 3, 4]
        assert numbers(await ask(limit=-1, reverse=True)) == [4, 3, 2, 1, 0]
        assert numbers(await ask(limit=2, reverse=True)) == [4, 3]
        before = {"offset": first[-1]["offset"], "epoch": epoch}
        assert numbers(await ask(limit=-1, reverse=True, since=before)) == [0]
        assert numbers(await ask(limit=-1, since={"offset": 0, "epoch": ""})) == [0, 1, 2, 3, 4]
        nothing = await ask()
        assert nothing["publications"] == []
        assert nothing["offset"] >= 5


async def test_only_what_the_kind_keeps_is_told_and_lost_positions_are_told_as_lost() -> None:
    async with social() as gateway:
        client = await member(gateway)
        channel = "short:acme/x"
        await published(client, channel, *range(5))
        found = (await client.ask(history={"channel": channel, "limit": -1}))["history"]
        assert numbers(found) == [3, 4]
        since = {"offset": found["publications"][0]["offset"], "epoch": found["epoch"]}
        assert numbers((await client.ask(history={"channel": channel, "limit": -1, "since": since}))["history"]) == [4]
        for lost in (
            {"offset": 1, "epoch": found["epoch"]},
            {"offset": 4, "epoch": "another"},
            {"offset": 99, "epoch": ""},
        ):
            assert await error_of(client, history={"channel": channel, "limit": -1, "since": lost}) == 112


async def test_joins_and_leaves_are_no_part_of_history_or_recovery() -> None:
    async with social() as gateway:
        client, other = await member(gateway), await member(gateway, "u2")
        result = await client.subscribe(ROOM)
        await published(client, ROOM, 1)
        await client.ask(unsubscribe={"channel": ROOM})
        await other.subscribe(ROOM)
        await other.ask(unsubscribe={"channel": ROOM})
        again = await client.subscribe(ROOM, recover=True, epoch=result["epoch"], offset=result.get("offset", 0))
        assert again["recovered"]
        assert [each["data"] for each in again["publications"]] == [1]
        assert numbers((await client.ask(history={"channel": ROOM, "limit": -1}))["history"]) == [1]


async def test_a_fleets_history_is_that_of_its_followers() -> None:
    async with social() as gateway:
        gateway.topic.publish(position("a", 1), position("b", 2), position("a", 3))
        client = await member(gateway)
        found = (await client.ask(history={"channel": "asset:acme/a", "limit": -1}))["history"]
        assert [each["data"]["n"] for each in found["publications"]] == [1, 3]


async def test_who_may_not_read_learns_nothing() -> None:
    async with social() as gateway:
        client = await member(gateway)
        for channel in ("fleet:other", "chat:other/room", "nothing:acme", "inbox:acme/u2", "inbox:other/u1"):
            assert await error_of(client, history={"channel": channel, "limit": 1}) == 103
        assert await error_of(client, history={"channel": "mute:acme/x", "limit": 1}) == 108


async def test_while_kafka_is_away_it_says_so() -> None:
    async with social(subscribe_seconds=0.3) as gateway:
        client = await member(gateway)
        gateway.topic.away = True
        assert await error_of(client, history={"channel": ROOM, "limit": 1}) == 100


async def test_a_position_that_the_kind_does_not_keep_is_told_as_lost() -> None:
    """Also to who asked for an error instead (flag 2), as SDKs with a state function of the application do."""
    async with social() as gateway:
        client, channel = await member(gateway), "short:acme/x"
        position = await client.subscribe(channel)
        await client.ask(unsubscribe={"channel": channel})
        await published(client, channel, *range(5))
        lost = {"recover": True, "epoch": position["epoch"], "offset": position.get("offset", 0)}
        assert await error_of(client, subscribe={"channel": channel, "flag": 2, **lost}) == 112
        result = await client.subscribe(channel, **lost)
        assert result["was_recovering"]
        assert "recovered" not in result
