"""A refresh brings another token: from then on it alone says what the connection may."""

from collections.abc import Sequence

from access.viewer import Capability
from domain.instants import HOUR, SECOND
from tests.gateway.api_client import Backend
from tests.gateway.live_topic import position
from tests.gateway.raw_client import RawClient
from tests.gateway.running import Running, maker, running, until


def connection(fleets: Sequence[str] = (), channels: Sequence[str] = ()) -> str:
    return maker().make(
        user="u1",
        tenant="acme",
        fleets=list(fleets),
        channels=list(channels),
        capabilities=[Capability.WATCH],
        valid_for=HOUR,
    )


async def connected(gateway: Running, token: str) -> RawClient:
    client = await RawClient.open(gateway)
    assert "connect" in await client.ask(connect={"token": token})
    return client


async def unsubscribed(client: RawClient) -> tuple[str, int]:
    """What the next push ends, and the code."""
    push = (await client.next())["push"]
    return push["channel"], push["unsubscribe"]["code"]


async def test_a_narrower_token_ends_what_it_does_not_open_and_nothing_else() -> None:
    """The code is one on which SDKs stay unsubscribed: to come again would be in vain."""
    async with running() as gateway:
        for fleet in ("acme", "acme.eu"):
            gateway.topic.record(fleet)
        client = await connected(gateway, connection(["acme", "acme.eu"]))
        for channel in ("fleet:acme", "fleet:acme.eu", "asset:acme.eu/a"):
            await client.subscribe(channel)
        assert "refresh" in await client.ask(refresh={"token": connection(["acme"])})
        ended = [await unsubscribed(client) for _ in range(2)]
        assert sorted(ended) == [("asset:acme.eu/a", 2001), ("fleet:acme.eu", 2001)]
        gateway.topic.publish(position("a", 1, fleet="acme.eu"), position("a", 1))
        assert (await client.next())["push"]["channel"] == "fleet:acme"
        assert gateway.count("subscriptions") == 1
        assert (await client.ask(subscribe={"channel": "fleet:acme.eu"}))["error"]["code"] == 103


async def test_a_token_that_names_fewer_channels_ends_those_that_were_followed_unasked() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await RawClient.open(gateway)
        named = ["order:acme/A-1", "order:acme/A-2"]
        assert set((await client.ask(connect={"token": connection(channels=named)}))["connect"]["subs"]) == set(named)
        assert "refresh" in await client.ask(refresh={"token": connection(channels=named[:1])})
        assert await unsubscribed(client) == ("order:acme/A-2", 2001)


async def test_tokens_of_subscriptions_and_what_a_back_end_subscribed_outlive_the_connections_token() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await connected(gateway, connection(["acme"]))
        link = maker().make_subscription(channel="order:acme/A-1", valid_for=HOUR)
        await client.subscribe("order:acme/A-1", token=link)
        assert "refresh" in await client.ask(refresh={"token": connection()})
        await Backend(gateway).do("subscribe", user="u1", channel="order:acme/A-2")
        assert "subscribe" in (await client.next())["push"]
        assert "refresh" in await client.ask(refresh={"token": connection()})
        gateway.topic.publish(position("a", 1, channels=["order:acme/A-1", "order:acme/A-2"]))
        pushed = [(await client.next())["push"]["channel"] for _ in range(2)]
        assert sorted(pushed) == ["order:acme/A-1", "order:acme/A-2"]


async def test_a_refresh_with_an_expired_token_ends_the_connection_in_a_way_that_sdks_come_back_from() -> None:
    """To an error they would give up for good. When they come back they are told 109, and ask for a new token."""
    async with running() as gateway:
        client = await connected(gateway, connection(["acme"]))
        expired = maker(60 * SECOND).make(user="u1", fleets=["acme"], capabilities=None, valid_for=SECOND)
        await client.send({"id": 50, "refresh": {"token": expired}})
        assert await client.closed() == (3005, "connection expired")


async def test_a_subscribe_that_is_being_answered_is_judged_by_the_newer_token() -> None:
    async with running() as gateway:
        gateway.topic.record()
        gateway.topic.publish(position("a", 1))
        gateway.topic.held = True  # the partition does not catch up
        client = await connected(gateway, connection(["acme"]))
        await client.send({"id": 50, "subscribe": {"channel": "fleet:acme"}})
        assert "refresh" in await client.ask(refresh={"token": connection()})
        gateway.topic.held = False
        for partition in tuple(gateway.topic.opened):
            gateway.topic.deliver(partition)
        assert (await client.reply(50))["error"]["code"] == 103
        assert gateway.count("subscriptions") == 0


async def test_a_link_revoked_while_its_subscribe_is_being_answered_opens_nothing() -> None:
    async with running() as gateway:
        gateway.topic.record()
        gateway.topic.publish(position("a", 1))
        gateway.topic.held = True
        client = await connected(gateway, connection())
        link = maker().make_subscription(channel="order:acme/A-1", valid_for=HOUR, token_id="link-1")
        await client.send({"id": 50, "subscribe": {"channel": "order:acme/A-1", "token": link}})
        await client.ask(ping={})
        await Backend(gateway).do("revoke_token", uid="link-1")
        await until(lambda: gateway.count("orders_total", kind="revoke_token") == 1, "the order")
        gateway.topic.held = False
        for partition in tuple(gateway.topic.opened):
            gateway.topic.deliver(partition)
        assert (await client.reply(50))["error"]["code"] == 103
