"""Orders to all gateways, revocation, and what tokens of subscriptions open."""

import time
from typing import Any

import pytest

from access.revocations import MAX_REVOKED
from access.tokens import TokenError, TokenFault, TokenVerifier
from access.viewer import Capability, Viewer
from domain.gateway_control import ControlKind, GatewayControl
from domain.instants import HOUR, SECOND, Micros
from tests.gateway.api_client import Backend
from tests.gateway.live_topic import LiveTopic, position
from tests.gateway.raw_client import RawClient
from tests.gateway.running import ACCESS, maker, running, until


def connection(user: str = "u1", *, valid_for: Micros = HOUR, age: Micros = 0, token_id: str | None = None) -> str:
    return maker(age).make(
        user=user, fleets=["acme"], capabilities=[Capability.WATCH], valid_for=valid_for, token_id=token_id
    )


def public_link(channel: str, *, valid_for: Micros = HOUR, age: Micros = 0, token_id: str | None = None) -> str:
    return maker(age).make_subscription(channel=channel, valid_for=valid_for, token_id=token_id)


async def connect(gateway: Any, token: str) -> RawClient:
    client = await RawClient.open(gateway)
    reply = await client.ask(connect={"token": token})
    assert "connect" in reply, reply
    return client


async def test_a_disconnect_ends_a_users_connections_on_every_gateway_and_nobody_elses() -> None:
    async with running() as first, running(first.topic.twin()) as second:
        ended = [await connect(gateway, connection()) for gateway in (first, second)]
        stays = await connect(second, connection("u2"))
        await Backend(first).do("disconnect", user="u1")
        assert [await each.closed() for each in ended] == [(3503, "force disconnect")] * 2
        assert "ping" in await stays.ask(ping={})


async def test_a_disconnect_may_name_a_code_one_connection_and_exceptions() -> None:
    async with running() as gateway:
        one, other, spared = [await connect(gateway, connection()) for _ in range(3)]
        ids = [session.client for session in gateway.gateway.index]
        backend = Backend(gateway)
        await backend.do("disconnect", user="u1", client=ids[0], disconnect={"code": 4001, "reason": "moved"})
        assert await one.closed() == (4001, "moved")
        await backend.do("disconnect", user="u1", whitelist=[ids[2]])
        assert (await other.closed())[0] == 3503
        assert "ping" in await spared.ask(ping={})


async def test_subscribe_and_unsubscribe_by_order() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await connect(gateway, connection())
        backend = Backend(gateway)
        await backend.do("subscribe", user="u1", channel="order:acme/A-1", data={"hello": 1})
        pushed = (await client.next())["push"]
        assert pushed["channel"] == "order:acme/A-1"
        assert (pushed["subscribe"]["recoverable"], pushed["subscribe"]["data"]) == (True, {"hello": 1})
        gateway.topic.publish(position("x", 1, channels=["order:acme/A-1"]))
        assert (await client.push())["offset"] == 1
        await backend.do("unsubscribe", user="u1", channel="order:acme/A-1")
        ended = (await client.next())["push"]
        assert ended["unsubscribe"] == {"code": 2000, "reason": "server unsubscribe"}
        assert gateway.count("subscriptions") == 0


async def test_a_refresh_by_order_moves_the_end() -> None:
    async with running() as gateway:
        client = await connect(gateway, connection(valid_for=HOUR))
        backend = Backend(gateway)
        await backend.do("refresh", user="u1", expire_at=int(time.time()) + 7200)
        assert 7100 < (await client.next())["push"]["refresh"]["ttl"] <= 7200
        await backend.do("refresh", user="u1", expired=True)
        assert (await client.closed())[0] == 3005


async def test_a_revoked_user_is_out_everywhere_and_stays_out_also_of_gateways_that_start_later() -> None:
    async with running() as first, running(first.topic.twin()) as second:
        old = connection(age=5 * SECOND)
        clients = [await connect(gateway, old) for gateway in (first, second)]
        await Backend(first).do("revoke_user", user="u1")
        assert [await each.closed() for each in clients] == [(3500, "invalid token")] * 2
        async with running(first.topic.twin()) as third:
            for gateway in (first, second, third):
                client = await RawClient.open(gateway)
                await client.send({"id": 1, "connect": {"token": old}})
                assert await client.closed() == (3500, "invalid token")
                await connect(gateway, connection("u2", age=5 * SECOND))
                await connect(gateway, connection(age=-2 * SECOND))


async def test_a_revoked_token_ends_what_rests_on_it_alone() -> None:
    async with running() as gateway:
        gateway.topic.record()
        stolen = await connect(gateway, connection(token_id="t1"))
        same_user = await connect(gateway, connection(token_id="t2"))
        link = public_link("order:acme/A-1", token_id="link")
        await same_user.subscribe("order:acme/A-1", token=link)
        await same_user.subscribe("fleet:acme")
        backend = Backend(gateway)
        await Backend(gateway, "other").do("revoke_token", uid="t1")
        await backend.do("revoke_token", uid="t1", expire_at=int(time.time()) + 60)
        assert (await stolen.closed())[0] == 3500
        await backend.do("revoke_token", uid="link")
        push = (await same_user.next())["push"]
        assert (push["channel"], push["unsubscribe"]["code"]) == ("order:acme/A-1", 2001)
        refused = await same_user.ask(subscribe={"channel": "order:acme/A-1", "token": link})
        assert refused["error"]["code"] == 103
        assert "unsubscribe" in await same_user.ask(unsubscribe={"channel": "fleet:acme"})


async def test_bystanders_of_a_tenant_with_too_many_revocations_are_asked_for_a_new_token() -> None:
    """They are not turned away for good, as who is revoked by name is; other tenants notice nothing."""
    async with running() as gateway:
        gateway.topic.record()
        bystander = await connect(gateway, connection("bystander", age=SECOND))
        other = await RawClient.connected(gateway, "other")
        now = time.time_ns() // 1_000
        for number in range(MAX_REVOKED + 1):
            order = GatewayControl("o", ControlKind.REVOKE_TOKEN, "acme", now, token_id=str(number))
            gateway.gateway.revocations.apply(order)
        for session in gateway.gateway.index:
            gateway.gateway.evictions.check(session)
        assert await bystander.closed() == (3005, "connection expired")
        assert "ping" in await other.ask(ping={})
        again = await RawClient.open(gateway)
        old = connection("bystander", age=SECOND)
        assert (await again.ask(connect={"token": old}))["error"]["code"] == 109
        newer = maker(-2 * SECOND).make(
            user="bystander", fleets=["acme"], capabilities=[Capability.WATCH], valid_for=HOUR
        )
        assert "connect" in await again.ask(connect={"token": newer})
        link = public_link("order:acme/A-1", age=SECOND)
        refused = await again.ask(subscribe={"channel": "order:acme/A-1", "token": link})
        assert refused["error"]["code"] == 109


async def test_a_refresh_with_a_revoked_token_ends_the_connection() -> None:
    async with running() as gateway:
        client = await connect(gateway, connection(token_id="t1"))
        await Backend(gateway).do("revoke_token", uid="t2")
        await client.send({"id": 9, "refresh": {"token": connection(token_id="t2")}})
        assert (await client.closed())[0] == 3500


async def test_after_a_refresh_the_old_token_means_nothing() -> None:
    async with running() as gateway:
        client = await connect(gateway, connection(token_id="t1"))
        assert "refresh" in await client.ask(refresh={"token": connection(token_id="t2")})
        await Backend(gateway).do("revoke_token", uid="t1")
        assert "ping" in await client.ask(ping={})
        await Backend(gateway).do("revoke_token", uid="t2")
        assert (await client.closed())[0] == 3500


async def test_a_public_link_opens_one_order_to_who_has_no_fleet() -> None:
    topic = LiveTopic()
    access = ACCESS.model_copy(update={"anonymous": True})
    async with running(topic, tokens=TokenVerifier(access)) as gateway:
        topic.record()
        client = await RawClient.open(gateway)
        result = (await client.ask(connect={}))["connect"]
        assert "expires" not in result
        link = public_link("order:acme/A-1")
        for channel in ("order:acme/A-2", "fleet:acme", "order:other/A-1"):
            for token in ("", link):
                refused = await client.ask(subscribe={"channel": channel, "token": token})
                assert refused["error"]["code"] == 103
        subscribed = await client.subscribe("order:acme/A-1", token=link)
        assert subscribed["expires"]
        assert 3580 < subscribed["ttl"] <= 3600
        topic.publish(position("x", 1, channels=["order:acme/A-1"]), position("y", 1))
        assert (await client.push())["data"]["asset"] == "x"


async def test_without_a_token_nobody_connects_unless_the_settings_say_so() -> None:
    async with running() as gateway:
        client = await RawClient.open(gateway)
        await client.send({"id": 1, "connect": {}})
        assert (await client.closed())[0] == 3500


async def test_a_subscription_ends_with_its_token_and_the_client_may_come_with_another() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await connect(gateway, connection())
        result = await client.subscribe("order:acme/A-1", token=public_link("order:acme/A-1", valid_for=2 * SECOND))
        assert result["ttl"] == 1
        began = time.monotonic()
        push = (await client.next())["push"]
        assert push["unsubscribe"] == {"code": 2501, "reason": "subscription expired"}
        assert time.monotonic() - began < 2.5
        expired = public_link("order:acme/A-1", valid_for=SECOND, age=60 * SECOND)
        assert (await client.ask(subscribe={"channel": "order:acme/A-1", "token": expired}))["error"]["code"] == 109
        await client.subscribe("order:acme/A-1", token=public_link("order:acme/A-1", valid_for=2 * SECOND))
        fresh = public_link("order:acme/A-1")
        refreshed = await client.ask(sub_refresh={"channel": "order:acme/A-1", "token": fresh})
        assert refreshed["sub_refresh"]["ttl"] > 3000
        foreign = await client.ask(sub_refresh={"channel": "order:acme/A-2", "token": fresh})
        assert foreign["error"]["code"] == 103
        grants = next(iter(gateway.gateway.index)).grants
        assert grants is not None
        assert grants["order:acme/A-1"].expires_at / SECOND > time.time() + 3000


async def test_a_connection_ends_with_its_token_to_the_second() -> None:
    async with running() as gateway:
        client = await connect(gateway, connection(valid_for=2 * SECOND))
        ends_at = next(iter(gateway.gateway.index)).viewer
        assert ends_at is not None
        assert (await client.closed())[0] == 3005
        assert 0 <= time.time() - ends_at.expires_at / SECOND < 1


async def test_a_link_may_let_its_holder_publish() -> None:
    async with running(channel_kinds='{"chat": {"subscribe": "token", "history_size": 10}}') as gateway:
        for fleet in ("acme", "chat:acme"):
            gateway.topic.record(fleet)
        client = await connect(gateway, connection())
        for name, allow, code in (("a", ["sub"], 103), ("b", ["sub", "pub"], None)):
            channel = f"chat:acme/{name}"
            link = maker().make_subscription(channel=channel, valid_for=HOUR, allow=allow)
            await client.subscribe(channel, token=link)
            reply = await client.ask(publish={"channel": channel, "data": 1})
            assert reply.get("error", {}).get("code") == code, reply


class LateKeys(TokenVerifier):
    """The key of a token is published a moment after the token is used; of `lost` ones never."""

    def __init__(self) -> None:
        super().__init__(ACCESS)
        self.known = False
        self.lost = False

    def verify(self, token: str) -> Viewer:
        if not self.known:
            raise TokenError(TokenFault.UNKNOWN_KEY, "not known yet")
        return super().verify(token)

    async def learn(self, token: str) -> None:
        if self.lost:
            raise TokenError(TokenFault.UNKNOWN_KEY, "nobody publishes it")
        self.known = True


@pytest.mark.parametrize("lost", [False, True])
async def test_a_token_with_a_new_key_is_asked_to_come_again_while_the_key_is_looked_up(lost: bool) -> None:
    tokens = LateKeys()
    tokens.lost = lost
    async with running(tokens=tokens) as gateway:
        token = connection()
        first = await RawClient.open(gateway)
        reply = await first.ask(connect={"token": token})
        assert (reply["error"]["code"], reply["error"]["temporary"]) == (100, True)
        again = await RawClient.open(gateway)
        await again.send({"id": 1, "connect": {"token": token}})
        if lost:
            assert (await again.closed())[0] == 3500
        else:
            assert "connect" in await again.reply(1)


async def test_the_index_is_empty_when_all_are_gone() -> None:
    async with running() as gateway:
        gateway.topic.record()
        clients = [await connect(gateway, connection(user, token_id=f"t-{user}")) for user in ("u1", "u1", "u2")]
        await clients[0].subscribe("order:acme/A-1", token=public_link("order:acme/A-1", token_id="t-u1"))
        index = gateway.gateway.index
        assert (len(index), len(index.of_user("acme", "u1")), len(index.of_token("acme", "t-u1"))) == (3, 2, 2)
        for client in clients:
            await client.close()
        await until(lambda: len(index) == 0)
        assert not any((index._users, index._tokens))
