"""The protocol over real sockets, with a live topic in memory."""

import asyncio
import json

import aiohttp
import pytest

from access.token_maker import TokenMaker
from backbone.partition_reader import ReadProblem
from domain.instants import SECOND
from tests.gateway.live_topic import position, status
from tests.gateway.raw_client import RawClient
from tests.gateway.running import ACCESS, running, token, until


async def test_connects_subscribes_and_gets_pushes() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await RawClient.open(gateway)
        connect = (await client.ask(connect={"token": token(), "name": "js"}))["connect"]
        assert (connect["ping"], connect["pong"], connect["expires"]) == (25, True, True)
        assert 3590 <= connect["ttl"] <= 3600
        result = await client.subscribe("fleet:acme")
        assert result["data"] == {"offset": 0, "items": []}
        assert result["recoverable"]
        assert result["positioned"]
        assert result["epoch"].startswith("topic-id-1.")
        gateway.topic.publish(position("truck-7", 1), position("truck-7", 2))
        assert [(await client.push())["offset"] for _ in range(2)] == [1, 2]
        await client.close()
        await until(lambda: gateway.count("subscriptions") == 0, "the subscription to end")
        assert gateway.count("deliveries_total") == 2
        assert gateway.count("connects_total", outcome="accepted") == 1


async def test_a_push_hands_the_payload_on_byte_for_byte() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await RawClient.connected(gateway)
        await client.subscribe("asset:acme/truck-7")
        update = position("truck-7", 1)
        gateway.topic.publish(update)
        await client.push()
        head, tail = b'{"push":{"channel":"asset:acme/truck-7","pub":{"data":', b',"offset":1}}}'
        assert client.frames[-1].encode() == head + update.payload + tail


async def test_several_commands_in_a_frame_are_answered_in_order() -> None:
    """SDKs send connect and the first subscribes together."""
    async with running() as gateway:
        gateway.topic.record()
        client = await RawClient.open(gateway)
        await client.send(
            {"id": 1, "connect": {"token": token()}},
            {"id": 2, "subscribe": {"channel": "fleet:other"}},
            {"id": 3, "ping": {}},
            {"id": 4, "unsubscribe": {"channel": "fleet:acme"}},
        )
        replies = [await client.next() for _ in range(4)]
        assert [each["id"] for each in replies] == [1, 2, 3, 4]
        assert replies[1]["error"]["code"] == 103
        assert replies[2]["ping"] == {}
        assert replies[3]["unsubscribe"] == {}


@pytest.mark.parametrize(
    "channel",
    [
        "fleet:other",
        "fleet:acme.eu",
        "asset:other/truck-7",
        "order:other/A-1",
        "user:acme/u2",
        "user:other/u1",
        "nothing",
        "planet:acme",
        "fleet:",
        "fleet:acme/x",
        "asset:acme",
        "asset:acme/../other",
        "fleet:acme\n",
        "fleet:*",
        "x" * 5_000,
    ],
)
async def test_foreign_and_unknown_channels_get_the_same_answer(channel: str) -> None:
    async with running() as gateway:
        client = await RawClient.connected(gateway)
        reply = await client.ask(subscribe={"channel": channel})
        assert reply["error"] == {"code": 103, "message": "permission denied"}
        assert gateway.topic.history == []


async def test_a_token_without_the_capability_to_watch_opens_nothing() -> None:
    async with running() as gateway:
        client = await RawClient.open(gateway)
        blind = TokenMaker(ACCESS).make(user="u1", fleets=["acme"], capabilities=[], valid_for=60 * SECOND)
        await client.ask(connect={"token": blind})
        assert (await client.ask(subscribe={"channel": "fleet:acme"}))["error"]["code"] == 103


async def test_the_own_users_channel_is_not_available_before_its_topic_is_made() -> None:
    async with running() as gateway:
        client = await RawClient.connected(gateway)
        assert (await client.ask(subscribe={"channel": "user:acme/u1"}))["error"]["code"] == 108


async def test_wrong_tokens_end_the_connection_for_good_and_expired_ones_ask_for_a_new_one() -> None:
    async with running() as gateway:
        for wrong in ("", "garbage", token()[:-4] + "AAAA"):
            client = await RawClient.open(gateway)
            await client.send({"id": 1, "connect": {"token": wrong}})
            assert await client.closed() == (3500, "invalid token")
        client = await RawClient.open(gateway)
        expired = token(valid_for=SECOND, age=60 * SECOND)
        assert (await client.ask(connect={"token": expired}))["error"] == {"code": 109, "message": "token expired"}
        assert "connect" in await client.ask(connect={"token": token()})
        assert gateway.count("connects_total", outcome="token_invalid") == 3
        assert gateway.count("connects_total", outcome="token_expired") == 1


async def test_a_connection_ends_with_its_token_unless_it_is_refreshed() -> None:
    async with running(ping_seconds=0.5) as gateway:
        ends = await RawClient.open(gateway)
        stays = await RawClient.open(gateway)
        for client in (ends, stays):
            await client.ask(connect={"token": token(valid_for=2 * SECOND)})
        foreign = await RawClient.connected(gateway)
        refreshed = await stays.ask(refresh={"token": token()})
        assert refreshed["refresh"]["ttl"] > 3000
        await foreign.send({"id": 9, "refresh": {"token": token(user="u2")}})
        assert await foreign.closed() == (3500, "invalid token")
        assert await ends.closed() == (3005, "connection expired")
        assert "ping" in await stays.ask(ping={})


async def test_clients_are_pinged_and_silent_ones_are_closed() -> None:
    async with running(ping_seconds=0.5, pong_seconds=0.2) as gateway:
        answers = await RawClient.connected(gateway)
        silent = await RawClient.connected(gateway, silent=True)
        assert await silent.closed() == (3012, "no pong")
        await until(lambda: answers.pings >= 2, "pings")
        assert "ping" in await answers.ask(ping={})


async def test_commands_before_connect_and_nonsense_end_the_connection() -> None:
    async with running() as gateway:
        for frame in (
            '{"id":1,"subscribe":{"channel":"fleet:acme"}}',
            "{}",
            "",
            "not json",
            '{"id":1,"connect":{"token":7}}',
            '{"id":-1,"connect":{}}',
            '{"id":1}',
            "[" * 10_000,
            '{"id":1,"connect":null}\n\n',
            '{"id":1,"connect":{"token":"\\ud800"}}',
        ):
            client = await RawClient.open(gateway)
            await client.connection.send(frame)
            assert await client.closed() == (3501, "bad request"), frame[:50]


async def test_what_is_not_served_says_so() -> None:
    async with running() as gateway:
        client = await RawClient.connected(gateway)
        for command in ("presence", "presence_stats"):
            assert (await client.ask(**{command: {"channel": "fleet:acme"}}))["error"]["code"] == 108
        assert (await client.ask(rpc={"method": "nothing", "data": {}}))["error"]["code"] == 108
        for kind in (1, 4):  # a map, a shared poll: answered as a stream, the SDK would wait for what never comes
            assert (await client.ask(subscribe={"channel": "fleet:acme", "type": kind}))["error"]["code"] == 108
        await client.connection.send('{"send":{"data":{}}}')
        assert await client.closed() == (3508, "not available")


async def test_a_second_subscribe_and_a_second_connect() -> None:
    async with running(max_subscriptions=2) as gateway:
        gateway.topic.record()
        client = await RawClient.connected(gateway)
        await client.send(
            {"id": 11, "subscribe": {"channel": "fleet:acme"}},
            {"id": 12, "subscribe": {"channel": "fleet:acme"}},
        )
        assert (await client.next())["error"]["code"] == 105
        assert (await client.next())["id"] == 11
        assert (await client.ask(subscribe={"channel": "fleet:acme"}))["error"]["code"] == 105
        await client.subscribe("asset:acme/a")
        assert (await client.ask(subscribe={"channel": "asset:acme/b"}))["error"]["code"] == 106
        await client.send({"id": 20, "connect": {"token": token()}})
        assert await client.closed() == (3501, "bad request")


async def test_a_flood_of_commands_is_bounded() -> None:
    async with running(max_frame_commands=100, commands_burst=50, commands_per_second=0.1) as gateway:
        client = await RawClient.connected(gateway)
        await client.send(*({"id": each, "ping": {}} for each in range(1, 102)))
        assert await client.closed() == (3501, "bad request")
        client = await RawClient.connected(gateway)
        await client.send(*({"id": each, "ping": {}} for each in range(2, 102)))
        assert await client.closed() == (3013, "too many requests")


async def test_unsubscribe_ends_the_pushes() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await RawClient.connected(gateway)
        await client.subscribe("fleet:acme")
        await client.subscribe("asset:acme/a")
        await client.ask(unsubscribe={"channel": "fleet:acme"})
        gateway.topic.publish(position("a", 1), position("b", 1), position("a", 2))
        pushes = [(await client.next())["push"] for _ in range(2)]
        assert [(each["channel"], each["pub"]["offset"]) for each in pushes] == [
            ("asset:acme/a", 1),
            ("asset:acme/a", 3),
        ]


async def test_unsubscribe_gives_up_a_subscribe_in_progress() -> None:
    async with running() as gateway:
        gateway.topic.record()
        gateway.topic.publish(position("a", 1))
        gateway.topic.held = True  # the partition does not catch up
        client = await RawClient.connected(gateway)
        await client.send({"id": 5, "subscribe": {"channel": "fleet:acme"}})
        assert "unsubscribe" in await client.ask(unsubscribe={"channel": "fleet:acme"})
        gateway.topic.held = False
        for partition in tuple(gateway.topic.opened):
            gateway.topic.deliver(partition)
        await until(lambda: gateway.count("subscribes_total", outcome="abandoned") == 1, "the subscribe to end")
        assert gateway.count("subscriptions") == 0
        assert "subscribe" in await client.ask(subscribe={"channel": "fleet:acme"})


async def test_only_the_partitions_that_subscribers_need_are_read_and_only_once() -> None:
    async with running(linger_seconds=0.05) as gateway:
        gateway.topic.record()
        first, second = await RawClient.connected(gateway), await RawClient.connected(gateway)
        await first.subscribe("fleet:acme")
        await second.subscribe("asset:acme/a")
        assert len(gateway.topic.history) == 1
        assert gateway.count("partitions") == 1
        await first.close()
        await second.ask(unsubscribe={"channel": "asset:acme/a"})
        await until(lambda: not gateway.topic.opened, "the partition to be closed")
        await second.subscribe("asset:acme/a")
        assert len(gateway.topic.history) == 2


async def test_a_lost_partition_sends_its_followers_away_to_recover() -> None:
    async with running() as gateway:
        gateway.topic.record()
        follower, other = await RawClient.connected(gateway), await RawClient.connected(gateway)
        await follower.subscribe("fleet:acme")
        (partition,) = gateway.topic.opened
        gateway.topic.fail(partition, ReadProblem.OUT_OF_RANGE)
        assert await follower.closed() == (3010, "insufficient state")
        assert "ping" in await other.ask(ping={})
        again = await RawClient.connected(gateway)
        await again.subscribe("fleet:acme")


async def test_records_that_cannot_be_read_or_repeat_their_source_are_skipped() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await RawClient.connected(gateway)
        await client.subscribe("fleet:acme")
        gateway.topic.publish(position("a", 1, offset=10))
        gateway.topic.publish_raw("acme", b"garbage")
        gateway.topic.publish(position("a", 2, offset=11), position("a", 1, offset=10), position("a", 2, offset=11))
        gateway.topic.publish(position("a", 3, offset=12), status("asset/a", 1))
        pushes = [await client.push() for _ in range(4)]
        assert [each["offset"] for each in pushes] == [1, 3, 6, 7]
        assert gateway.count("repeats_total") == 2
        assert gateway.count("undecodable_total") == 1


async def test_kafka_away_is_a_temporary_error_and_heals() -> None:
    async with running() as gateway:
        gateway.topic.record()
        gateway.topic.away = True
        client = await RawClient.connected(gateway)
        error = {"code": 100, "message": "internal server error", "temporary": True}
        assert (await client.ask(subscribe={"channel": "fleet:acme"}))["error"] == error
        gateway.topic.away = False
        await client.subscribe("fleet:acme")


async def test_a_partition_that_does_not_catch_up_is_a_temporary_error_in_time() -> None:
    async with running(subscribe_seconds=0.1) as gateway:
        gateway.topic.record()
        gateway.topic.publish(position("a", 1))
        gateway.topic.held = True
        client = await RawClient.connected(gateway)
        assert (await client.ask(subscribe={"channel": "fleet:acme"}))["error"]["code"] == 100
        assert gateway.count("subscribes_total", outcome="unavailable") == 1


async def test_probes_and_metrics_are_on_the_same_port() -> None:
    async with running() as gateway, aiohttp.ClientSession() as http:
        async with http.get(f"{gateway.url}/healthz") as answer:
            assert answer.status == 200
        async with http.get(f"{gateway.url}/readyz") as answer:
            assert (answer.status, (await answer.json())["ready"]) == (200, True)
        async with http.get(f"{gateway.url}/metrics") as answer:
            assert "fleetcast_gateway_event_to_write_seconds_bucket" in await answer.text()
        async with http.get(f"{gateway.url}/nothing") as answer:
            assert (answer.status, answer.content_type) == (404, "application/problem+json")
        async with http.get(f"{gateway.url}/connection/websocket") as answer:
            assert answer.status == 426
            assert "WebSocket" in await answer.text()


async def test_on_the_way_out_sockets_are_told_to_reconnect() -> None:
    async with running(drain_seconds=0.2) as gateway:
        clients = [await RawClient.connected(gateway) for _ in range(5)]
        closed = [asyncio.create_task(each.closed()) for each in clients]
        await gateway.stop()
        assert await asyncio.gather(*closed) == [(3001, "shutdown")] * 5
        assert not gateway.health.ready()


async def test_frames_for_one_socket_within_one_turn_of_the_loop_are_one_write() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await RawClient.connected(gateway)
        await client.subscribe("fleet:acme")
        await client.close()
        reader, writer = await asyncio.open_connection(*gateway.address)
        head = "GET /connection/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        writer.write(f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        commands = [{"id": 1, "connect": {"token": token()}}, {"id": 2, "subscribe": {"channel": "fleet:acme"}}]
        payload = "\n".join(json.dumps(each) for each in commands).encode()
        writer.write(b"\x81\xfe" + len(payload).to_bytes(2) + b"\0\0\0\0" + payload)
        received = b""
        while b'"subscribe"' not in received:
            received += await asyncio.wait_for(reader.read(65_536), 5)
        gateway.topic.publish(*(position("a", n) for n in range(20)))
        received = b""
        reads = 0
        while received.count(b'"push"') < 20:
            received += await asyncio.wait_for(reader.read(65_536), 5)
            reads += 1
        writer.close()
        await writer.wait_closed()
        assert reads <= 3  # the system may split a write as it likes
