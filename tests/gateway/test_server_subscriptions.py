"""What a connection follows unasked."""

from typing import Any

from tests.gateway.raw_client import RawClient
from tests.gateway.running import token
from tests.gateway.social import error_of, member, published, social

OWN = "inbox:{tenant}/{user}"
MINE = "inbox:acme/u1"


async def connect(gateway: Any, **request: Any) -> tuple[RawClient, dict[str, Any]]:
    client = await RawClient.open(gateway)
    reply = await client.ask(connect={"token": token(), **request})
    return client, reply["connect"]


async def test_a_user_follows_its_own_channel_from_the_connect_on() -> None:
    async with social(own_channel=OWN) as gateway:
        client, result = await connect(gateway)
        assert list(result["subs"]) == [MINE]
        assert result["subs"][MINE]["recoverable"]
        await published(client, MINE, 1)
        assert (await client.next())["push"]["channel"] == MINE
        assert await error_of(client, subscribe={"channel": MINE}) == 105


async def test_what_was_missed_comes_with_the_connect() -> None:
    async with social(own_channel=OWN) as gateway:
        client, result = await connect(gateway)
        await client.close()
        other = await member(gateway)
        await published(other, MINE, 1, 2)
        position = result["subs"][MINE]
        had = {MINE: {"recover": True, "epoch": position["epoch"], "offset": position.get("offset", 0)}}
        _, again = await connect(gateway, subs=had)
        assert again["subs"][MINE]["recovered"]
        assert [each["data"] for each in again["subs"][MINE]["publications"]] == [1, 2]


async def test_a_lost_position_is_told_as_lost() -> None:
    async with social(own_channel=OWN) as gateway:
        _, result = await connect(gateway, subs={MINE: {"recover": True, "epoch": "another", "offset": 5}})
        assert result["subs"][MINE]["was_recovering"]
        assert "recovered" not in result["subs"][MINE]


async def test_commands_sent_along_are_answered_after_the_connect() -> None:
    """SDKs send them together, and expect the connect's reply first."""
    async with social(own_channel=OWN) as gateway:
        client = await RawClient.open(gateway)
        await client.send(
            {"id": 1, "connect": {"token": token()}},
            {"id": 2, "subscribe": {"channel": "fleet:other"}},
            {"id": 3, "ping": {}},
        )
        await client.send({"id": 4, "ping": {}})
        assert [(await client.next())["id"] for _ in range(4)] == [1, 2, 3, 4]


async def test_a_flood_behind_a_connect_is_ended() -> None:
    async with social(own_channel=OWN, max_frame_commands=10) as gateway:
        gateway.topic.held = True
        gateway.topic.publish_raw("inbox:acme", b"so that the partition has to be read before it is answered")
        client = await RawClient.open(gateway)
        await client.send({"id": 1, "connect": {"token": token()}})
        await client.send(*({"id": each, "ping": {}} for each in range(2, 10)))
        await client.send(*({"id": each, "ping": {}} for each in range(10, 18)))
        assert await client.closed() == (3013, "too many requests")


async def test_while_it_cannot_be_told_the_connect_is_refused_for_the_moment() -> None:
    async with social(own_channel=OWN, subscribe_seconds=0.3) as gateway:
        gateway.topic.away = True
        client = await RawClient.open(gateway)
        reply = await client.ask(connect={"token": token()})
        assert (reply["error"]["code"], reply["error"]["temporary"]) == (100, True)


async def test_channels_that_are_not_served_are_left_out() -> None:
    async with social(own_channel="user:{tenant}/{user}") as gateway:
        _, result = await connect(gateway)
        assert "subs" not in result, "the topic of users' channels is not there"
