"""What clients have to do with one another, by the unmodified official clients: publish, history, presence, joins."""

import functools

from tests.clients.official import OfficialClient
from tests.gateway.running import token
from tests.gateway.social import ROOM, member, published, social, two_gateways

NOTE = {"text": "hello", "n": [1, 2.5, None]}


async def test_publishes_to_all_gateways_and_reads_the_history(client: OfficialClient) -> None:
    async with two_gateways() as (first, second):
        other = await member(second, "u2")
        await other.subscribe(ROOM)
        await client.connect(first.socket_url, token())
        await client.subscribe(ROOM)
        await client.events.wait("subscribed")
        for number in range(1, 4):
            await client.ask("publish", ROOM, data={**NOTE, "number": number})
            await client.events.wait("publish", number)
        assert [each["data"]["number"] for each in await other.pushes(3)] == [1, 2, 3]
        await client.events.wait("publication", 3)
        seen = [each["offset"] for each in client.events.of("publication")]
        await client.ask("history", ROOM, limit=2)
        page = await client.events.wait("history")
        assert [each["data"] for each in page["publications"]] == [{**NOTE, "number": each} for each in (1, 2)]
        assert [each["offset"] for each in page["publications"]] == seen[:2]
        since = {"offset": seen[1], "epoch": page["epoch"]}
        await client.ask("history", ROOM, limit=10, since=since)
        assert [each["offset"] for each in (await client.events.wait("history", 2))["publications"]] == seen[2:]
        await client.ask("history", ROOM, limit=-1, reverse=True)
        assert [each["offset"] for each in (await client.events.wait("history", 3))["publications"]] == seen[::-1]


async def test_what_a_kind_does_not_allow_is_told_by_its_code(client: OfficialClient) -> None:
    async with social() as gateway:
        await client.connect(gateway.socket_url, token())
        await client.events.wait("connected")
        for number, (what, channel, code) in enumerate(
            [
                ("publish", "chat:other/room", 103),
                ("history", "chat:other/room", 103),
                ("presence", "chat:other/room", 103),
                ("presence_stats", "mute:acme/x", 108),
                ("history", "mute:acme/x", 108),
            ]
        ):
            await client.ask(what, channel, data=1)
            await client.events.until(functools.partial(_refused, client, number + 1), f"an error of {what}")
            assert _errors(client)[-1] == code


def _refused(client: OfficialClient, times: int) -> bool:
    return len(_errors(client)) == times


def _errors(client: OfficialClient) -> list[int]:
    return [each["code"] for each in client.events.all if each["event"].endswith("_error")]


async def test_sees_who_is_there_and_who_joins_and_leaves(client: OfficialClient) -> None:
    async with two_gateways() as (first, second):
        await client.connect(first.socket_url, token())
        await client.subscribe(ROOM)
        await client.events.wait("subscribed")
        assert (await client.events.wait("join"))["user"] == "u1"
        other = await member(second, "u2")
        await other.subscribe(ROOM)
        assert (await client.events.wait("join", 2))["user"] == "u2"
        count = 0
        while True:
            count += 1
            await client.ask("presence", ROOM)
            if sorted((await client.events.wait("presence", count))["users"]) == ["u1", "u2"]:
                break
        await client.ask("presence_stats", ROOM)
        stats = await client.events.wait("presence_stats")
        assert (stats["clients"], stats["users"]) == (2, 2)
        await other.close()
        assert (await client.events.wait("leave"))["user"] == "u2"


async def test_follows_its_own_channel_unasked_and_recovers_it(client: OfficialClient) -> None:
    async with social(own_channel="inbox:{tenant}/{user}") as gateway:
        await client.connect(gateway.socket_url, token())
        assert (await client.events.wait("server_subscribed"))["channel"] == "inbox:acme/u1"
        other = await member(gateway)
        await published(other, "inbox:acme/u1", 1)
        assert (await client.events.wait("server_publication"))["data"] == 1
        session = next(iter(gateway.gateway.sessions))
        gateway.gateway.lost(next(iter(session.subscriptions.values())))  # it cannot be read on: all come back
        other = await member(gateway, "u1")
        await published(other, "inbox:acme/u1", 2)
        assert (await client.events.wait("server_subscribed", 2))["recovered"]
        assert (await client.events.wait("server_publication", 2))["data"] == 2


async def test_deltas_are_what_was_published_live_and_missed(client: OfficialClient) -> None:
    channel = "delta:acme/news"
    texts = [{"text": "the same for the most part, in Москва, 東京 and Zürich " * 4, "number": n} for n in range(20)]
    async with social() as gateway:
        other = await member(gateway, "u2")
        await client.connect(gateway.socket_url, token())
        await client.subscribe(channel, delta="fossil")
        await client.events.wait("subscribed")
        await published(other, channel, *texts[:8])
        await client.events.wait("publication", 8)
        (followed,) = {each.subscriptions[channel] for each in gateway.gateway.sessions if each.subscriptions}
        gateway.gateway.lost(followed)
        await published(other, channel, *texts[8:12])
        await client.events.wait("subscribed", 2)
        await published(other, channel, *texts[12:])
        await client.events.wait("publication", 20)
        assert [each["data"] for each in client.events.of("publication")] == texts
