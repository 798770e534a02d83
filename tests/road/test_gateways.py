"""Gateways side by side, as processes of their own: what one is told holds on all, and one that dies is not missed."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from access.settings import AccessSettings
from access.token_maker import TokenMaker, pem_signer
from access.viewer import Capability
from devstack.demo import Demo
from domain.instants import HOUR
from storage.connection import connections_of
from storage.redis import keys
from storage.redis.connection import AsyncRedis, SyncRedis, connect_async, connect_sync
from storage.redis.presence import RedisPresence
from storage.redis.settings import RedisSettings
from tests.access.key_provider import key_provider
from tests.access.signing import EC_KEY, RSA_KEY, PrivateKey, private_pem
from tests.gateway.raw_client import RawClient
from tests.gateway.running import until
from tests.road.gateways import GatewayProcess, gateway_process, viewer_token
from tests.storage.redis_cluster import valkey_cluster

LEASE = 2.0  # seconds
SLACK = 3.0  # for a machine that does other things too
DEAD, ALIVE = 20, 5


@pytest.fixture(params=["single", "cluster"])
def settings(request: pytest.FixtureRequest, demo: Demo, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Where the gateways keep who is there: one Redis, or a cluster."""
    if request.param == "single":
        yield {"FLEETCAST_REDIS_URL": demo.describe().redis_url}
        return
    with valkey_cluster(tmp_path) as cluster:
        yield {"FLEETCAST_REDIS_URL": cluster.url, "FLEETCAST_REDIS_CLUSTER": "true"}


def redis_settings(settings: dict[str, str]) -> RedisSettings:
    return RedisSettings(url=SecretStr(settings["FLEETCAST_REDIS_URL"]), cluster="FLEETCAST_REDIS_CLUSTER" in settings)


async def test_a_killed_gateways_connections_end_with_its_lease_and_nobody_elses(
    demo: Demo, settings: dict[str, str], unique: str
) -> None:
    """kill -9. Within the lease nobody counts them any more; the survivors write and push nothing for it."""
    channel = f"chat:{unique}/room"
    place, person = keys.presence(channel), keys.connections(unique, "u1")
    async with gateway_process(demo, **settings) as dies, gateway_process(demo, **settings) as lives:
        token = viewer_token(demo, unique)
        await asyncio.gather(*(followed(dies, token, channel) for _ in range(DEAD)))
        followers = await asyncio.gather(*(followed(lives, token, channel) for _ in range(ALIVE)))
        witness = await lives.connect(viewer_token(demo, unique, "witness"))
        await until_here(lives, channel, DEAD + ALIVE)
        client, blocking = connect_async(redis_settings(settings)), connect_sync(redis_settings(settings))
        await until(lambda: all(len(kept(blocking, each)) == DEAD + ALIVE for each in (place, person)), "the store")
        assert await registered(client, unique) == DEAD + ALIVE
        before = [kept(blocking, each) for each in (place, person)]

        died_at = time.monotonic()
        await dies.kill()
        dies.clients.clear()
        took = await until_here(lives, channel, ALIVE) - died_at
        assert took < LEASE + SLACK
        assert await registered(client, unique) == ALIVE
        listed = (await lives.backend.do("presence", channel=channel))["presence"]
        assert len(listed) == ALIVE
        assert [kept(blocking, each) for each in (place, person)] == before, "the lease ends them, no write does"
        for each in followers:
            await each.ask(ping={})
            assert sum('"join"' in frame for frame in each.frames) > 0
            assert not any('"leave"' in frame for frame in each.frames), "one for each that died would be a storm"

        async with gateway_process(demo, **settings) as again:
            await followed(again, token, channel)
            await until_here(lives, channel, ALIVE + 1)
            await until_here(again, channel, ALIVE + 1)
        assert "ping" in await witness.ask(ping={})
        await client.aclose()
        blocking.close()


async def followed(gateway: GatewayProcess, token: str, channel: str) -> RawClient:
    client = await gateway.connect(token)
    await client.subscribe(channel, join_leave=True)
    return client


async def until_here(gateway: GatewayProcess, channel: str, count: int) -> float:
    """Waits until a gateway counts so many; gives when."""
    end = time.monotonic() + LEASE + 2 * SLACK
    while (here := (await gateway.backend.do("presence_stats", channel=channel))["num_clients"]) != count:
        assert time.monotonic() < end, f"{here} are counted, not {count}"
        await asyncio.sleep(0.05)
    return time.monotonic()


async def registered(client: AsyncRedis, tenant: str) -> int:
    """How many connections of u1 whoever notifies people finds."""
    found = await connections_of(RedisPresence(client), tenant, "u1", at_most=1_000)
    assert found is not None
    return len(found)


def kept(client: SyncRedis, key: str) -> Any:
    return client.hgetall(key)


async def test_what_a_back_end_says_to_one_gateway_holds_on_the_other(demo: Demo, unique: str) -> None:
    async with gateway_process(demo) as told, gateway_process(demo) as other:
        sockets = [await other.connect(viewer_token(demo, unique, user)) for user in ("u1", "u2", "u3")]
        leaves, follows, stays = sockets
        await told.backend.do("disconnect", user=f"{unique}/u1")
        assert await leaves.closed() == (3503, "force disconnect")

        await told.backend.do("subscribe", user=f"{unique}/u2", channel=f"chat:{unique}/room", data={"hello": 1})
        pushed = (await follows.next())["push"]
        assert (pushed["channel"], pushed["subscribe"]["data"]) == (f"chat:{unique}/room", {"hello": 1})
        await told.backend.do("publish", channel=f"chat:{unique}/room", data={"n": 1})
        while "pub" not in (said := (await follows.next())["push"]):
            assert "join" in said, said
        assert said["pub"]["data"] == {"n": 1}
        await told.backend.do("unsubscribe", user=f"{unique}/u2", channel=f"chat:{unique}/room")
        while "unsubscribe" not in (said := (await follows.next())["push"]):
            assert "pub" not in said, said
        assert said["unsubscribe"]["code"] == 2000
        assert "ping" in await stays.ask(ping={})


async def test_what_is_revoked_on_one_gateway_is_so_on_all_and_on_those_that_start_later(
    demo: Demo, unique: str
) -> None:
    """3500 is terminal: SDKs do not come back with what is revoked."""
    token = viewer_token(demo, unique, "u1", token_id=f"{unique}-1")
    of_user = viewer_token(demo, unique, "u2")
    good = viewer_token(demo, unique, "u1", token_id=f"{unique}-2")
    async with gateway_process(demo) as told, gateway_process(demo) as other:
        by_token, by_user, bystander = [await other.connect(each) for each in (token, of_user, good)]
        await asyncio.sleep(1.0)  # `iat` has whole seconds: what was issued in this one may be older than the order
        began = time.monotonic()
        await told.backend.do("revoke_token", uid=f"{unique}/{unique}-1")
        await told.backend.do("revoke_user", user=f"{unique}/u2")
        assert await by_token.closed() == (3500, "invalid token")
        assert await by_user.closed() == (3500, "invalid token")
        assert time.monotonic() - began < 2.0 + SLACK
        for gateway in (told, other):
            for revoked in (token, of_user):
                assert await gateway.refusal(revoked) == (3500, "invalid token")
        async with gateway_process(demo) as later:
            for revoked in (token, of_user):
                assert await later.refusal(revoked) == (3500, "invalid token")
            await later.connect(good)
        assert "ping" in await bystander.ask(ping={})


async def test_a_gateway_follows_the_rotation_of_the_providers_keys(demo: Demo, unique: str) -> None:
    """A new key counts as soon as a token names it, a withdrawn one no longer once the set is read again."""

    def token(key: PrivateKey, algorithm: str, key_id: str) -> str:
        signer = pem_signer(algorithm, private_pem(key).encode(), key_id)
        return TokenMaker(AccessSettings(jwt_jwks_url=provider.url), signer=signer).make(
            user="u1", fleets=[unique], tenant=unique, capabilities=[Capability.WATCH], valid_for=HOUR
        )

    async with key_provider() as provider:
        provider.publish(old=RSA_KEY)
        rotating = {
            "FLEETCAST_ACCESS_JWT_JWKS_URL": provider.url,
            "FLEETCAST_ACCESS_JWT_JWKS_REFRESH_SECONDS": "1",
            "FLEETCAST_ACCESS_JWT_JWKS_PAUSE_SECONDS": "0.1",
        }
        old, new = token(RSA_KEY, "RS256", "old"), token(EC_KEY, "ES256", "new")
        async with gateway_process(demo, **rotating) as gateway:
            stays = await gateway.connect(old)
            assert await refused_soon(gateway, token(EC_KEY, "ES256", "nobodys")) == (3500, "invalid token")
            provider.publish(old=RSA_KEY, new=EC_KEY)
            await connected_soon(gateway, new)
            provider.status = 500  # away: what was read last goes on
            await gateway.connect(old)
            provider.status = 200
            provider.publish(new=EC_KEY)
            assert await refused_soon(gateway, old) == (3500, "invalid token")
            await gateway.connect(new)
            assert "ping" in await stays.ask(ping={}), "what is open ends with its own token"


async def connected_soon(gateway: GatewayProcess, token: str) -> None:
    """As SDKs do: again after a temporary error."""
    client = await RawClient.open(gateway)
    end = time.monotonic() + 2 * SLACK
    while "connect" not in (reply := await client.ask(connect={"token": token})):
        assert reply["error"]["temporary"], reply
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def refused_soon(gateway: GatewayProcess, token: str) -> tuple[int, str]:
    """How the gateway closes on a token, once it no longer takes it, nor asks for patience."""
    end = time.monotonic() + 2 * SLACK
    while True:
        client = await RawClient.open(gateway)
        await client.send({"id": 1, "connect": {"token": token}})
        answered = asyncio.ensure_future(client.next())
        ended = asyncio.ensure_future(client.connection.wait_closed())
        await asyncio.wait({answered, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            answered.cancel()
            return await client.closed()
        ended.cancel()
        assert time.monotonic() < end, answered.result()
        await asyncio.sleep(0.1)
