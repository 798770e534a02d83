"""What back ends and tokens do to the official clients: orders of the server API, revocation, ends of tokens."""

import json
import time

import aiohttp
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from access.settings import AccessSettings
from access.token_maker import TokenMaker
from devstack.demo import Demo
from domain.instants import HOUR, SECOND
from tests.clients.official import OfficialClient, PythonClient
from tests.gateway.api_client import Backend
from tests.gateway.live_topic import position
from tests.gateway.running import maker, running, token, until

ORDER = "order:acme/A-1"


def link(valid_for: int, age: int = 0) -> str:
    return maker(age * SECOND).make_subscription(channel=ORDER, valid_for=valid_for * SECOND)


async def test_a_disconnect_without_a_code_keeps_it_away(client: OfficialClient) -> None:
    async with running() as gateway:
        await client.connect(gateway.socket_url, token())
        await client.events.wait("connected")
        await Backend(gateway).do("disconnect", user="u1")
        ended = await client.events.wait("disconnected")
        assert (ended["code"], ended["reason"]) == (3503, "force disconnect")


async def test_a_disconnect_with_a_code_that_says_so_brings_it_back(client: OfficialClient) -> None:
    async with running() as gateway:
        gateway.topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe("fleet:acme")
        await client.events.wait("subscribed")
        await Backend(gateway).do("disconnect", user="u1", disconnect={"code": 4100, "reason": "come back"})
        assert (await client.events.wait("connecting", 2))["code"] == 4100
        assert (await client.events.wait("subscribed", 2))["recovered"]


async def test_a_refresh_by_order_makes_it_come_with_a_new_token(client: OfficialClient) -> None:
    async with running() as gateway:
        await client.connect(gateway.socket_url, token(), fresh_token=token())
        await client.events.wait("connected")
        await Backend(gateway).do("refresh", user="u1", expired=True)
        await client.events.wait("connected", 2)


async def test_an_unsubscribe_by_order_is_for_good(client: OfficialClient) -> None:
    async with running() as gateway:
        gateway.topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe("fleet:acme")
        await client.events.wait("subscribed")
        await Backend(gateway).do("unsubscribe", user="u1", channel="fleet:acme")
        assert (await client.events.wait("unsubscribed"))["code"] == 2000


async def test_a_subscribe_by_order_brings_publications(client: OfficialClient) -> None:
    async with running() as gateway:
        gateway.topic.record()
        await client.connect(gateway.socket_url, token())
        await client.events.wait("connected")
        await Backend(gateway).do("subscribe", user="u1", channel=ORDER)
        await client.events.wait("server_subscribed", channel=ORDER)
        gateway.topic.publish(position("x", 1, channels=[ORDER]))
        assert (await client.events.wait("server_publication", channel=ORDER))["offset"] == 1
        await Backend(gateway).do("unsubscribe", user="u1", channel=ORDER)
        await client.events.wait("server_unsubscribed", channel=ORDER)


async def test_a_public_link_that_ends_is_renewed_by_sub_refresh(client: OfficialClient) -> None:
    async with running() as gateway:
        gateway.topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe_by_token(ORDER, link(6), link(3600))
        await client.events.wait("subscribed")
        await client.events.wait("sub_token_asked")
        index = gateway.gateway.index

        def renewed() -> bool:
            grants = next(iter(index)).grants or {}
            return ORDER in grants and grants[ORDER].expires_at / SECOND > time.time() + 3000

        await until(renewed, "the new token")
        assert len(client.events.of("subscribed")) == 1


async def test_an_expired_link_makes_it_fetch_another(client: OfficialClient) -> None:
    async with running() as gateway:
        gateway.topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe_by_token(ORDER, link(1, age=60), link(3600))
        await client.events.wait("subscribed")
        assert len(client.events.of("sub_token_asked")) == 1


async def test_a_link_that_ends_unnoticed_is_subscribed_again_with_another(client: OfficialClient) -> None:
    """2501: the SDK subscribes again, is told 109, and asks the application for a token."""
    async with running() as gateway:
        gateway.topic.record()
        await client.connect(gateway.socket_url, token())
        await client.subscribe_by_token(ORDER, link(3600), link(7200))
        await client.events.wait("subscribed")
        session = next(iter(gateway.gateway.index))
        assert session.grants is not None
        session.grants[ORDER] = type(session.grants[ORDER])(
            channel=ORDER, tenant="acme", user="", permissions=frozenset(), expires_at=0
        )
        gateway.gateway.evictions.check(session)
        assert (await client.events.wait("subscribing", 2))["code"] == 2501
        assert (await client.events.wait("subscribed", 2))["recovered"]


async def test_a_revoked_user_is_out_and_stays_out_of_a_gateway_that_starts_anew(demo: Demo, unique: str) -> None:
    """On real Kafka, with the gateway killed in between."""
    stack = demo.describe()
    access = AccessSettings(jwt_hmac_secret=demo.product.environment["FLEETCAST_ACCESS_JWT_HMAC_SECRET"])
    fleets = [stack.fleet]

    def issued(seconds_ago: int) -> str:
        tokens = TokenMaker(access, clock=lambda: time.time() - seconds_ago)
        return tokens.make(user=unique, fleets=fleets, capabilities=None, valid_for=HOUR)

    client = PythonClient()
    await client.connect(stack.gateway_url, issued(10))
    await client.events.wait("connected")
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            stack.admin_urls["gateway"] + "/api/revoke_user",
            json={"user": f"{stack.fleet}/{unique}"},
            headers={"X-API-Key": stack.api_key},
        ) as answer,
    ):
        assert await answer.json() == {"result": {}}
    assert (await client.events.wait("disconnected"))["code"] == 3500
    await client.close()
    demo.stack["gateway"].kill()
    demo.stack["gateway"].start()
    for seconds_ago, reply in ((10, "3500"), (-2, "connected")):
        assert await _connect(stack.gateway_url, issued(seconds_ago)) == reply


async def _connect(url: str, token: str) -> str:
    """Gives `connected`, or the code that it was closed with."""
    async with connect(url, proxy=None) as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"token": token}}))
        try:
            return "connected" if "connect" in json.loads(await socket.recv()) else "refused"
        except ConnectionClosed as closed:
            return str(closed.rcvd.code) if closed.rcvd else "cut off"
