"""What a subscriber asked to get otherwise than all: by a filter of tags, or as deltas."""

import json
from typing import Any

import msgspec

from tests.gateway.live_topic import position
from tests.gateway.raw_client import RawClient
from tests.gateway.social import error_of, member, published, social

CHANNEL = "delta:acme/news"


async def subscribed(client: RawClient, **request: Any) -> dict[str, Any]:
    return await client.subscribe(CHANNEL, delta="fossil", **request)


async def test_only_what_matches_is_sent_live_and_of_what_was_missed() -> None:
    async with social() as gateway:
        gateway.topic.record()
        client, other = await member(gateway), await member(gateway)
        high = {"key": "level", "cmp": "gte", "val": "3"}
        first = await client.subscribe("asset:acme/a", tf=high)
        await other.subscribe("asset:acme/a")
        updates = [msgspec.structs.replace(position("a", n), tags={"level": str(n)}) for n in range(6)]
        gateway.topic.publish(*updates)
        assert [each["data"]["n"] for each in await client.pushes(3)] == [3, 4, 5]
        assert [each["data"]["n"] for each in await other.pushes(6)] == [0, 1, 2, 3, 4, 5]
        await client.ask(unsubscribe={"channel": "asset:acme/a"})
        again = await client.subscribe("asset:acme/a", tf=high, recover=True, epoch=first["epoch"], offset=0)
        assert again["recovered"]
        assert [each["data"]["n"] for each in again["publications"]] == [3, 4, 5]


async def test_a_filter_that_is_none_is_refused() -> None:
    async with social() as gateway:
        client = await member(gateway)
        assert await error_of(client, subscribe={"channel": "fleet:acme", "tf": {"op": "xor"}}) == 107


async def test_deltas_build_on_the_publication_before_and_only_where_the_kind_has_them() -> None:
    async with social() as gateway:
        client, late, plain = await member(gateway), await member(gateway), await member(gateway)
        assert (await subscribed(client))["delta"]
        await plain.subscribe(CHANNEL)
        texts = ["much the same text, again and again: " * 5 + str(n) for n in range(4)]
        await published(plain, CHANNEL, *texts[:2])
        pushed = await client.pushes(2)
        assert (await subscribed(late))["delta"]
        await published(plain, CHANNEL, *texts[2:])
        pushed += await client.pushes(2)
        assert ["delta" in each for each in pushed] == [False, True, True, True]
        assert json.loads(pushed[0]["data"]) == texts[0]
        assert all(len(each["data"]) < 40 for each in pushed[1:])
        assert ["delta" in each for each in await late.pushes(2)] == [False, True], "it has no base for the first"
        assert [each["data"] for each in await plain.pushes(4)] == texts
        assert "delta" not in await client.subscribe("short:acme/x", delta="fossil")


async def test_what_was_missed_comes_whole_and_as_text() -> None:
    async with social() as gateway:
        client = await member(gateway)
        first = await subscribed(client)
        await client.ask(unsubscribe={"channel": CHANNEL})
        await published(client, CHANNEL, {"n": 1}, {"n": 2})
        again = await subscribed(client, recover=True, epoch=first["epoch"], offset=first.get("offset", 0))
        assert [json.loads(each["data"]) for each in again["publications"]] == [{"n": 1}, {"n": 2}]
