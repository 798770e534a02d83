"""Two tenants on one gateway: neither can see the other's, nor confirm that it exists.

Everything is asked twice, of a tenant that is there (`other`) and of one that never was (`nobod`): the answers must be
the same, and nothing that the attacker gets may hold what only `other` knows.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.claims import CapClaim
from access.token_key import HS256
from access.token_maker import TokenSigner
from access.viewer import Capability
from domain.instants import HOUR
from tests.gateway.api_client import Backend
from tests.gateway.live_topic import position, status
from tests.gateway.raw_client import RawClient
from tests.gateway.running import ACCESS, Running, maker, running

KINDS = json.dumps(
    {
        "room": {"subscribe": "tenant", "publish": "audience", "history_size": 100, "presence": True, "joins": True},
        "link": {"subscribe": "token", "publish": "subscribers", "history_size": 100, "presence": True},
    }
)
SECRET = "only-other-knows"
THERE, NEVER = "other", "nobod"
FOREIGN = ["fleet:other", "asset:other/truck-7", "order:other/A-1", "user:other/u1", "room:other/1", "link:other/1"]
ATTACKER = "eve"


def tokens_of_the_attacker() -> dict[str, str]:
    """Good tokens of its own tenant, as greedy as can be."""
    everything = [CapClaim(channels=["*"], allow=["sub", "pub", "prs", "hst"], match="wildcard")]
    named = [CapClaim(channels=FOREIGN, allow=["sub", "pub", "prs", "hst"])]
    common: dict[str, Any] = {"user": ATTACKER, "fleets": ["acme"], "capabilities": list(Capability), "valid_for": HOUR}
    return {
        "plain": maker().make(**common),
        "all channels by pattern": maker().make(**common, caps=everything),
        "the channels by name": maker().make(**common, caps=named),
        "the channels on connect": maker().make(**common, channels=FOREIGN),
        "a user of the same name": maker().make(**{**common, "user": "u1"}),
    }


TOKENS = tokens_of_the_attacker()


@asynccontextmanager
async def two_tenants() -> AsyncIterator[Running]:
    """A gateway on which `other` lives, with all that could be found out about it."""
    async with running(channel_kinds=KINDS, commands_per_second=100_000, commands_burst=100_000) as gateway:
        channels = ["fleet:other", "asset:other/truck-7", "order:other/A-1"]
        gateway.topic.publish(position(SECRET, 1, fleet="other", channels=channels))
        gateway.topic.publish(status(f"order/{SECRET}", 1, fleet="other", channels=channels))
        for fleet in ("acme", "other", "nobod"):
            gateway.topic.record(fleet)
        victim = await RawClient.open(gateway)
        theirs = maker().make(user="u1", fleets=["other"], capabilities=list(Capability), valid_for=HOUR)
        assert "connect" in await victim.ask(connect={"token": theirs})
        for channel in (*channels, "room:other/1"):
            await victim.subscribe(channel)
        assert "publish" in await victim.ask(publish={"channel": "room:other/1", "data": {"text": SECRET}})
        yield gateway


async def attacker(gateway: Running, token: str) -> tuple[RawClient, dict[str, Any]]:
    client = await RawClient.open(gateway)
    reply = await client.ask(connect={"token": token})
    return client, reply["connect"]


def questions(channel: str) -> list[dict[str, Any]]:
    """Every command that names a channel."""
    link = maker().make_subscription(channel=channel, valid_for=HOUR, allow=["sub", "pub", "prs", "hst"])
    for_me = maker().make_subscription(channel=channel, valid_for=HOUR, user=ATTACKER)
    page = {"channel": channel, "offset": 0, "next": ""}
    return [
        {"subscribe": {"channel": channel}},
        {"subscribe": {"channel": channel, "recover": True, "offset": 0, "epoch": ""}},
        {"subscribe": {"channel": channel, "recover": True, "offset": 1, "epoch": "topic-id-1.0", "flag": 2}},
        {"subscribe": {"channel": channel, "token": link}},
        {"subscribe": {"channel": channel, "token": for_me}},
        {"subscribe": {"channel": channel, "token": "x"}},
        {"sub_refresh": {"channel": channel, "token": link}},
        {"history": {"channel": channel, "limit": 10}},
        {"history": {"channel": channel, "limit": -1, "since": {"offset": 0, "epoch": ""}}},
        {"presence": {"channel": channel}},
        {"presence_stats": {"channel": channel}},
        {"publish": {"channel": channel, "data": {"from": ATTACKER}}},
        {"rpc": {"method": "snapshot.page", "data": page}},
        {"rpc": {"method": channel, "data": page}},
        {"unsubscribe": {"channel": channel}},
    ]


async def answers(client: RawClient, channel: str) -> list[dict[str, Any]]:
    """What each question is answered, without its id."""
    found = []
    for question in questions(channel):
        reply = await client.ask(**question)
        found.append({name: value for name, value in reply.items() if name != "id"})
    return found


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
async def test_a_foreign_channel_is_as_one_that_never_was(token: str) -> None:
    async with two_tenants() as gateway:
        client, connected = await attacker(gateway, token)
        assert not [name for name in connected.get("subs", {}) if "other" in name]
        for channel in FOREIGN:
            theirs = await answers(client, channel)
            assert theirs == await answers(client, channel.replace(THERE, NEVER))
            # All but the unsubscribe, which is no error of anything that is not followed, are refused.
            assert all("error" in each for each in theirs[:-1]), theirs
        assert SECRET not in "".join(client.frames)


async def test_what_is_looked_for_is_there_to_be_found() -> None:
    """The same questions by the one who may ask."""
    async with two_tenants() as gateway:
        theirs = maker().make(user="u1", fleets=["other"], capabilities=list(Capability), valid_for=HOUR)
        client, _ = await attacker(gateway, theirs)
        for channel in ("fleet:other", "order:other/A-1", "room:other/1"):
            await answers(client, channel)
            assert SECRET in "".join(client.frames)
            client.frames.clear()


async def test_positions_given_on_connect_open_nothing() -> None:
    async with two_tenants() as gateway:
        connects = []
        for tenant in (THERE, NEVER):
            subs = {each.replace(THERE, tenant): {"recover": True, "offset": 0, "epoch": ""} for each in FOREIGN}
            client = await RawClient.open(gateway)
            connects.append((await client.ask(connect={"token": TOKENS["plain"], "subs": subs}))["connect"])
        assert not [name for each in connects for name in each.get("subs", {}) if not name.startswith("user:acme/")]
        assert SECRET not in json.dumps(connects)


async def test_an_anonymous_or_wrong_token_opens_nothing_of_theirs() -> None:
    async with two_tenants() as gateway:
        forged = TokenSigner(HS256, b"a key of the attacker, of some length")
        ours = TokenSigner(HS256, _secret())
        claims = {"sub": "u1", "tenant": "other", "fleets": ["other"], "capabilities": ["watch"], "exp": 4_000_000_000}
        good = maker().make(user=ATTACKER, fleets=["acme"], capabilities=["watch"], valid_for=HOUR)
        head, _, signature = good.split(".")
        theirs_in_ours = f"{head}.{forged.sign(claims).split('.')[1]}.{signature}"
        wrong = [
            forged.sign(claims),
            theirs_in_ours,
            ours.sign({**claims, "tenant": "acme"}),  # fleets of another tenant
            ours.sign({**claims, "channel": "fleet:other"}),  # a subscription's token connects nobody
            maker().make_subscription(channel="fleet:other", valid_for=HOUR),
            "",
            "x",
        ]
        for token in wrong:
            client = await RawClient.open(gateway)
            await client.send({"id": 1, "connect": {"token": token}})
            assert await client.closed() == (3500, "invalid token")
            assert not client.frames


PARTS = st.sampled_from(
    ["other", "OTHER", "other.eu", "acme.other", "acme", ".", "..", "/", ":", "*", "?", "#", "", " "]
)
KIND = st.sampled_from(["fleet", "asset", "order", "user", "room", "link", "Fleet", "", "tile", "none"])
NAMES = (
    st.builds("{}:{}".format, KIND, st.lists(PARTS | st.sampled_from(["u1", "1", "A-1"]), max_size=4).map("".join))
    | st.builds("{}:{}/{}".format, KIND, PARTS, PARTS | st.sampled_from(["u1", "1", "A-1", "truck-7"]))
    | st.builds("{}{}{}".format, st.text(max_size=3), st.sampled_from(FOREIGN), st.text(max_size=3))
    | st.text(max_size=40)
).filter(bool)


async def test_no_name_of_a_channel_gets_through() -> None:
    """Fuzzed: whatever is not the attacker's own is answered as if nobody had it."""
    async with two_tenants() as gateway:
        loop = asyncio.get_running_loop()
        clients = [(await attacker(gateway, token))[0] for token in TOKENS.values()]

        async def same(client: RawClient, name: str) -> None:
            found = await answers(client, name)
            if "acme" not in name:
                assert found == await answers(client, name.replace("other", NEVER).replace("OTHER", NEVER.upper()))
            assert SECRET not in json.dumps(found)

        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.sampled_from(clients), NAMES)
        def check(client: RawClient, name: str) -> None:
            asyncio.run_coroutine_threadsafe(same(client, name), loop).result(30)

        await asyncio.to_thread(check)
        assert not [frame for client in clients for frame in client.frames if SECRET in frame]


API_CHANNEL_METHODS = ("publish", "subscribe", "unsubscribe", "presence", "presence_stats", "history", "history_remove")


async def test_a_key_of_the_server_api_opens_its_tenant_alone() -> None:
    async with two_tenants() as gateway:
        backend = Backend(gateway, "acme")
        for channel in FOREIGN:
            for method in API_CHANNEL_METHODS:
                request: dict[str, Any] = {"channel": channel}
                if method == "publish":
                    request["data"] = 1
                if method in ("subscribe", "unsubscribe"):
                    request["user"] = "u1"
                theirs = await backend.ask(method, **request)
                assert theirs == await backend.ask(method, **{**request, "channel": channel.replace(THERE, NEVER)})
                assert theirs["error"]["code"] == 102
            replies = await backend.ask("batch", commands=[{"history": {"channel": channel}}])
            assert replies["replies"][0]["error"]["code"] == 102
            broadcast = await backend.do("broadcast", channels=[channel], data=1)
            assert broadcast["responses"][0]["error"]["code"] == 102
        told = json.dumps([await backend.ask(method) for method in ("info", "channels")])
        assert "other" not in told
        assert '"num_clients": 0' in told


async def test_orders_touch_users_of_the_same_name_in_their_own_tenant_only() -> None:
    async with two_tenants() as gateway:
        backend = Backend(gateway, "acme")
        ours = await RawClient.open(gateway)
        mine = maker(5_000_000).make(user="u1", fleets=["acme"], capabilities=["watch"], valid_for=HOUR)
        await ours.ask(connect={"token": mine})
        assert len(gateway.gateway.index) == 2
        assert await backend.refused("disconnect", user="other/u1") == 107
        await backend.do("revoke_user", user="u1")
        assert (await ours.closed())[0] == 3500
        (victim,) = gateway.gateway.index
        assert victim.viewer is not None
        assert victim.viewer.tenant == "other"
        for method in ("disconnect", "refresh", "revoke_user"):
            await backend.do(method, user="u1", **({"expired": True} if method == "refresh" else {}))
        await backend.do("disconnect", user="u1", client=victim.client)
        assert len(gateway.gateway.index) == 1


def _secret() -> bytes:
    assert ACCESS.jwt_hmac_secret is not None
    return ACCESS.jwt_hmac_secret.get_secret_value().encode()
