"""The server API over HTTP, with a live topic in memory."""

import asyncio
import base64
import contextlib
import io
import json
import threading

import aiohttp
import msgspec
import pytest
import yarl
from hypothesis import given, settings
from hypothesis import strategies as st

from access.order_reader import orders_known
from backbone.publishing import QUEUE_FULL
from push_service.gateway.server_api.errors import ApiError
from push_service.gateway.server_api.keys import Caller
from push_service.gateway.server_api.table import method_table
from tests.gateway.api_client import Backend
from tests.gateway.raw_client import RawClient
from tests.gateway.running import API, API_KEYS, running


async def test_a_publication_reaches_every_gateway_with_the_position_that_was_answered() -> None:
    async with running() as first, running(first.topic.twin()) as second:
        first.topic.record()
        clients = [await RawClient.connected(gateway) for gateway in (first, second)]
        for client in clients:
            await client.subscribe("fleet:acme")
        result = await Backend(second).do("publish", channel="fleet:acme", data={"text": "héllo"}, tags={"a": "b"})
        for client in clients:
            push = await client.push()
            assert (push["data"], push["tags"], push["offset"]) == ({"text": "héllo"}, {"a": "b"}, result["offset"])
        await clients[0].ask(unsubscribe={"channel": "fleet:acme"})
        resumed = await clients[0].subscribe("fleet:acme", recover=True, offset=0, epoch=result["epoch"])
        assert [each["offset"] for each in resumed["publications"]] == [result["offset"]]


async def test_a_broadcast_answers_for_each_channel() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await RawClient.connected(gateway)
        await client.subscribe("fleet:acme")
        data = base64.b64encode(b'{"n": 1}').decode()
        channels = ["fleet:acme", "fleet:other", "asset:acme/a", "nonsense"]
        responses = (await Backend(gateway).do("broadcast", channels=channels, b64data=data))["responses"]
        assert [sorted(each) for each in responses] == [["result"], ["error"], ["result"], ["error"]]
        assert [each["error"]["code"] for each in responses if "error" in each] == [102, 102]
        assert (await client.push())["data"] == {"n": 1}


async def test_a_batch_answers_for_each_command_in_order() -> None:
    async with running() as gateway:
        gateway.topic.record()
        commands = [
            {"publish": {"channel": "fleet:acme", "data": 1}},
            {"publish": {"channel": "fleet:other", "data": 1}},
            {"nothing": {}},
            {"info": {}, "channels": {}},
            {"publish": {"channel": "fleet:acme", "data": 2, "more": 1}},
            {"publish": {"channel": "fleet:acme", "data": 3}},
        ]
        for parallel in (False, True):
            reply = await Backend(gateway).ask("batch", commands=commands, parallel=parallel)
            found = [each.get("error", {}).get("code", 0) for each in reply["replies"]]
            assert found == [0, 102, 104, 107, 107, 0]
        assert reply["replies"][5]["publish"]["offset"] > 0


async def test_a_publish_that_kafka_does_not_take_is_an_error() -> None:
    async with running() as gateway:
        gateway.publisher.failing = QUEUE_FULL
        assert await Backend(gateway).refused("publish", channel="fleet:acme", data=1) == 100
        assert await Backend(gateway).refused("disconnect", user="u1") == 100


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}, {"Authorization": f"Bearer {API_KEYS['acme']}"}])
async def test_without_a_good_key_nothing_is_said(headers: dict[str, str]) -> None:
    async with running() as gateway:
        for method in ("publish", "info", "nothing"):
            status, problem = await Backend(gateway).post(method, b"{}", **(headers or {"X-Other": "1"}))
            assert (status, problem["type"]) == (401, "/problems/bad-api-key")


async def test_the_other_form_of_the_key() -> None:
    async with running() as gateway:
        status, _ = await Backend(gateway).post("info", b"{}", Authorization=f"apikey {API_KEYS['acme']}")
        assert status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b'{"channel":"\xff"}', 400), (b"[" * 100_000, 400), (b"x" * 2_000_000, 413)],
)
async def test_bodies_that_are_not_json(body: bytes, status: int) -> None:
    async with running() as gateway:
        assert (await Backend(gateway).post("publish", body))[0] == status


@pytest.mark.parametrize(
    ("method", "request_", "code"),
    [
        ("publish", {"data": 1}, 107),
        ("publish", {"channel": "fleet:acme"}, 107),
        ("publish", {"channel": 5, "data": 1}, 107),
        ("publish", {"channel": "fleet:acme", "data": 1, "idempotency_key": "x"}, 107),
        ("publish", {"channel": "fleet:acme", "data": 1, "skip_history": True}, 108),
        ("publish", {"channel": "fleet:acme", "b64data": "bm8="}, 107),
        ("publish", {"channel": "fleet:acme", "data": "x" * 70_000}, 107),
        ("publish", {"channel": "fleet:acme", "data": 1, "tags": {str(n): "" for n in range(33)}}, 107),
        ("broadcast", {"channels": [], "data": 1}, 107),
        ("disconnect", {"user": ""}, 107),
        ("disconnect", {"user": "a/b"}, 107),
        ("disconnect", {"user": "u1", "disconnect": {"code": 1000}}, 107),
        ("disconnect", {"user": "u1", "disconnect": {"code": 4000, "reason": "é" * 62}}, 107),
        ("refresh", {"user": "u1", "expire_at": -1}, 107),
        ("revoke_user", {"user": "u1", "expire_at": 1}, 107),
        ("revoke_token", {"uid": ""}, 107),
        ("subscribe", {"user": "u1", "channel": "fleet:other"}, 102),
        ("unsubscribe", {"user": "u1", "channel": "x"}, 102),
        ("presence", {"channel": "fleet:acme"}, 108),
        ("presence", {"channel": "user:other/u1"}, 102),
        ("history", {"channel": "fleet:other"}, 102),
        ("history_remove", {"channel": "fleet:acme"}, 108),
        ("channels", {"pattern": "*" * 300}, 107),
    ],
)
async def test_what_is_refused_and_how(method: str, request_: dict[str, object], code: int) -> None:
    async with running() as gateway:
        gateway.topic.record()
        assert await Backend(gateway).refused(method, **request_) == code


async def test_counts_are_of_the_tenant() -> None:
    async with running() as gateway:
        gateway.topic.record()
        client = await RawClient.connected(gateway, "acme")
        await client.subscribe("fleet:acme")
        assert (await Backend(gateway).do("channels"))["channels"] == {"fleet:acme": {"num_clients": 1}}
        assert (await Backend(gateway).do("channels", pattern="asset:*"))["channels"] == {}
        assert (await Backend(gateway, "other").do("channels"))["channels"] == {}
        for tenant, clients in (("acme", 1), ("other", 0), ("*", 1)):
            (node,) = (await Backend(gateway, tenant).do("info"))["nodes"]
            assert (node["num_clients"], node["num_users"], node["num_subs"]) == (clients, clients, clients)


async def test_history_is_told() -> None:
    async with running() as gateway:
        gateway.topic.record()
        backend = Backend(gateway)
        published = [await backend.do("publish", channel="fleet:acme", data=n) for n in range(3)]
        history = await backend.do("history", channel="fleet:acme", limit=2, reverse=True)
        assert [each["data"] for each in history["publications"]] == [2, 1]
        assert (history["offset"], history["epoch"]) == (published[-1]["offset"], published[-1]["epoch"])


NAMES = st.sampled_from(["channel", "channels", "data", "user", "client", "tags", "since", "limit", "uid", "commands"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
CHANNELS = st.sampled_from(["fleet:acme", "user:acme/u1", "fleet:other", "", "fleet:", "x:y"])
REQUESTS = JSON | st.dictionaries(NAMES, JSON | CHANNELS | st.lists(CHANNELS), max_size=6)


async def test_bad_input_is_never_our_fault() -> None:
    """Whatever a caller with a key sends is answered, or refused by a clear error."""
    async with running() as gateway:
        gateway.topic.record()
        methods = method_table(gateway.gateway, API, None)
        loop = asyncio.get_running_loop()

        async def call(name: str, request: object) -> None:
            body = json.dumps(request).encode()
            try:
                msgspec.json.decode(body)
            except msgspec.MsgspecError:
                return  # refused as not JSON, before a method sees it
            with contextlib.suppress(ApiError):
                await asyncio.wait_for(methods[name].call(Caller("acme"), body), 10)

        @settings(max_examples=400, deadline=None)
        @given(st.sampled_from(sorted(methods)), REQUESTS)
        def check(name: str, request: object) -> None:
            asyncio.run_coroutine_threadsafe(call(name, request), loop).result(15)

        await asyncio.to_thread(check)


PATHS = st.sampled_from(["publish", "batch", "info", "nothing", "a/b", "%2e%2e", "%ff", "publish/"]) | st.text(
    max_size=8
)
HEADERS = st.sampled_from(["", API_KEYS["acme"], "\xff\xfe", "x" * 300])


async def test_no_request_at_all_makes_a_server_error() -> None:
    async with running() as gateway, aiohttp.ClientSession() as http:
        gateway.topic.record()
        loop = asyncio.get_running_loop()

        async def post(path: str, key: str, body: bytes) -> None:
            url = yarl.URL(f"{gateway.url}/api/") / path if path.strip("./") else yarl.URL(f"{gateway.url}/api/x")
            async with http.post(url, data=io.BytesIO(body), headers={"X-API-Key": key}) as answer:
                assert answer.status in (200, 400, 401, 404, 405), answer.status
                assert (
                    "result" in (told := await answer.text())
                    or "error" in told
                    or '"type"' in told
                    or "replies" in told
                )

        @settings(max_examples=50, deadline=None)
        @given(PATHS, HEADERS, st.binary(max_size=60) | REQUESTS.map(lambda each: json.dumps(each).encode()))
        def check(path: str, key: str, body: bytes) -> None:
            asyncio.run_coroutine_threadsafe(post(path, key, body), loop).result(15)

        await asyncio.to_thread(check)


async def test_a_gateway_waits_for_the_orders_so_far_but_not_for_ever() -> None:
    stopping, ready = asyncio.Event(), threading.Event()

    def wait(stop: threading.Event) -> bool:
        while not stop.is_set():
            if ready.wait(0.01):
                return True
        return False

    waiting = asyncio.create_task(orders_known(wait, stopping))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    ready.set()
    assert await asyncio.wait_for(waiting, 5)
    ready.clear()
    waiting = asyncio.create_task(orders_known(wait, stopping))
    stopping.set()
    assert not await asyncio.wait_for(waiting, 5)
