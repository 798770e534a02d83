"""Fallback transports over real HTTP: what official clients do not show."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from centrifuge.protocol import client_pb2

from push_service.gateway.http_streams.node_name import address_in, node_name
from push_service.gateway.http_streams.peers import FORWARDED, HttpPeers
from push_service.gateway.http_streams.settings import StreamSettings
from push_service.gateway.protocol.disconnects import SLOW
from tests.gateway.live_topic import LiveTopic, position, status
from tests.gateway.running import DEADLINE, Running, running, token, until

KEY = "a key that gateways share"
PAGE = "https://app.example"


class StreamClient:
    """An HTTP stream in JSON, reply by reply."""

    def __init__(self, http: aiohttp.ClientSession, gateway: Running, response: aiohttp.ClientResponse) -> None:
        self.http = http
        self.gateway = gateway
        self.response = response
        self.session = self.node = ""

    async def next(self) -> dict[str, Any]:
        """The next reply or push; pings are passed over."""
        async with asyncio.timeout(DEADLINE):
            while True:
                line = await self.response.content.readline()
                assert line, "the stream has ended"
                if reply := json.loads(line):
                    said: dict[str, Any] = reply
                    return said

    async def send(self, *commands: dict[str, Any], to: Running | None = None, **headers: str) -> int:
        """Commands by the emulation endpoint; gives the status."""
        data = "\n".join(json.dumps(each) for each in commands)
        body = {"session": self.session, "node": self.node, "data": data}
        async with self.http.post(f"{(to or self.gateway).url}/emulation", json=body, headers=headers) as response:
            return response.status

    async def ended(self) -> bytes:
        """What still comes until the stream ends."""
        async with asyncio.timeout(DEADLINE):
            return await self.response.content.read()


@asynccontextmanager
async def stream(gateway: Running, **headers: str) -> AsyncIterator[StreamClient]:
    connect = json.dumps({"id": 1, "connect": {"token": token()}})
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{gateway.url}/connection/http_stream", data=connect, headers=headers) as response,
    ):
        client = StreamClient(http, gateway, response)
        connected = (await client.next())["connect"]
        client.session, client.node = connected["session"], connected["node"]
        yield client


async def test_a_session_ends_with_its_stream_and_its_name_then_means_nothing() -> None:
    async with running() as gateway, stream(gateway) as client:
        assert await client.send({"id": 2, "ping": {}}) == 204
        assert (await client.next())["id"] == 2
        assert gateway.count("streams") == 1
        client.response.close()
        await until(lambda: gateway.count("streams") == 0, "the stream to end")
        assert not gateway.gateway.sessions
        assert await client.send({"id": 3, "ping": {}}) == 404


async def test_an_unknown_session_or_node_is_answered_404_and_reaches_nobody() -> None:
    async with running() as gateway, stream(gateway) as client:
        name, client.session = client.session, "x" * 22
        assert await client.send({"id": 2, "ping": {}}) == 404
        client.session, client.node = name, "another"
        assert await client.send({"id": 2, "ping": {}}) == 404


async def test_the_session_is_a_secret_that_its_client_id_does_not_tell() -> None:
    async with running() as gateway, stream(gateway) as client:
        (session,) = gateway.gateway.sessions
        assert client.session
        assert client.session != session.client


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'{"session":"s","node":"n"}', "application/json"),
        (b'{"session":"s","node":"n","data":{}}', "application/json"),
        (b'{"session":"\xff"}', "application/json"),
        (b"[" * 50_000, "application/json"),
        (b"\xff" * 100, "application/octet-stream"),
        (b"\x0a\xff\xff\xff\xff\x0f", "application/octet-stream"),
    ],
)
async def test_an_emulation_request_that_is_none_is_answered_400(body: bytes, kind: str) -> None:
    async with running() as gateway, aiohttp.ClientSession() as http:
        headers = {"Content-Type": kind}
        async with http.post(f"{gateway.url}/emulation", data=body, headers=headers) as response:
            assert response.status == 400


@pytest.mark.parametrize("path", ["/connection/http_stream", "/emulation"])
async def test_a_body_over_the_bound_is_answered_413(path: str) -> None:
    async with running(max_frame_bytes=2_000) as gateway, aiohttp.ClientSession() as http:
        async with http.post(gateway.url + path, data=b" " * 2_001) as response:
            assert response.status == 413
        assert gateway.count("streams") == 0


@pytest.mark.parametrize(
    "commands", [b"", b"nonsense", b'{"id":1,"ping":{}}', b"{}\n" * 10_000, b'{"id":1,"connect":' + b"[" * 9_999]
)
async def test_a_stream_that_does_not_begin_with_connect_is_told_why_and_ends(commands: bytes) -> None:
    async with running() as gateway, aiohttp.ClientSession() as http:
        headers = {"Content-Type": "application/json"}
        async with http.post(f"{gateway.url}/connection/http_stream", data=commands, headers=headers) as response:
            told = json.loads(await response.read())
        assert told["push"]["disconnect"]["code"] == 3501
        await until(lambda: not gateway.gateway.sessions, "the session to end")
        assert gateway.count("disconnects_total", code="3501") == 1


async def test_bad_commands_end_a_stream_that_is_open() -> None:
    async with running() as gateway, stream(gateway) as client:
        body = {"session": client.session, "node": client.node, "data": "nonsense"}
        async with client.http.post(f"{gateway.url}/emulation", json=body) as response:
            assert response.status == 204
        assert json.loads(await client.ended())["push"]["disconnect"]["code"] == 3501


async def test_a_protobuf_stream_speaks_protobuf_both_ways() -> None:
    topic = LiveTopic()
    async with running(topic) as gateway, aiohttp.ClientSession() as http:
        topic.record()
        headers = {"Content-Type": "application/octet-stream"}
        connect = delimited(client_pb2.Command(id=1, connect=client_pb2.ConnectRequest(token=token())))
        async with http.post(f"{gateway.url}/connection/http_stream", data=connect, headers=headers) as response:
            connected = (await reply(response)).connect
            subscribe = client_pb2.Command(id=2, subscribe=client_pb2.SubscribeRequest(channel="fleet:acme"))
            asked = client_pb2.EmulationRequest(
                session=connected.session, node=connected.node, data=delimited(subscribe)
            )
            async with http.post(
                f"{gateway.url}/emulation", data=asked.SerializeToString(), headers=headers
            ) as emulated:
                assert emulated.status == 204
            assert (await reply(response)).subscribe.recoverable
            topic.publish(position("a", 1))
            pushed = (await reply(response)).push
            assert (pushed.channel, pushed.pub.offset, json.loads(pushed.pub.data)["n"]) == ("fleet:acme", 1, 1)


def delimited(command: Any) -> bytes:
    data: bytes = command.SerializeToString()
    return bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data


async def reply(response: aiohttp.ClientResponse) -> Any:
    async with asyncio.timeout(DEADLINE):
        size = shift = 0
        while True:
            (byte,) = await response.content.readexactly(1)
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        said = client_pb2.Reply()
        said.ParseFromString(await response.content.readexactly(size))
        return said


async def test_server_sent_events_are_one_line_each() -> None:
    topic = LiveTopic()
    async with running(topic) as gateway, aiohttp.ClientSession() as http:
        topic.record()
        commands = json.dumps({"id": 1, "connect": {"token": token()}}) + "\n" + SUBSCRIBE
        async with http.get(f"{gateway.url}/connection/sse", params={"cf_connect": commands}) as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            told = [await event(response) for _ in range(2)]
            assert [each["id"] for each in told] == [1, 2]
            topic.publish(position("a", 1))
            assert (await event(response))["push"]["pub"]["offset"] == 1


SUBSCRIBE = json.dumps({"id": 2, "subscribe": {"channel": "fleet:acme"}})


async def event(response: aiohttp.ClientResponse) -> dict[str, Any]:
    async with asyncio.timeout(DEADLINE):
        line = await response.content.readline()
        assert await response.content.readline() == b"\n"
        told: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
        return told


async def test_an_event_stream_without_a_command_is_answered_400() -> None:
    async with (
        running() as gateway,
        aiohttp.ClientSession() as http,
        http.get(f"{gateway.url}/connection/sse") as response,
    ):
        assert response.status == 400


async def test_a_stream_that_never_says_who_it_is_ends_in_time() -> None:
    """A connect that is refused with an error leaves the stream open, for no longer than any other."""
    expired = json.dumps({"id": 1, "connect": {"token": token(valid_for=1, age=10_000_000)}})
    async with running(connect_seconds=0.3) as gateway, aiohttp.ClientSession() as http:
        async with http.post(f"{gateway.url}/connection/http_stream", data=expired) as response:
            refused, ended = (await response.read()).splitlines()
        assert json.loads(refused)["error"]["code"] == 109
        assert json.loads(ended)["push"]["disconnect"]["code"] == 3502


async def test_a_client_that_answers_no_ping_is_told_and_ended() -> None:
    async with running(ping_seconds=0.4, pong_seconds=0.1) as gateway, stream(gateway) as client:
        assert (await client.next())["push"]["disconnect"]["code"] == 3012
        assert await client.ended() == b""


async def test_one_more_than_the_bound_is_answered_503() -> None:
    async with running(streams=StreamSettings(max_streams=1)) as gateway, stream(gateway) as client:
        async with client.http.post(f"{gateway.url}/connection/http_stream", data="{}") as response:
            assert response.status == 503
            assert response.headers["Retry-After"] == "1"
        assert gateway.count("connects_total", outcome="too_many_sockets") == 1


async def test_a_client_that_never_reads_is_bounded_closed_as_slow_and_disturbs_nobody() -> None:
    topic = LiveTopic()
    bounds: dict[str, Any] = {"queue_conflate_bytes": 50_000, "queue_max_bytes": 200_000, "send_buffer_bytes": 8_192}
    async with running(topic, stalled_seconds=60, **bounds) as gateway, stream(gateway) as good:
        topic.record()
        _, writer = await asyncio.open_connection(*gateway.address, limit=1_024)
        commands = json.dumps({"id": 1, "connect": {"token": token()}}) + "\n" + SUBSCRIBE
        head = f"POST /connection/http_stream HTTP/1.1\r\nHost: g\r\nContent-Length: {len(commands)}\r\n\r\n"
        writer.write((head + commands).encode())
        await good.send(json.loads(SUBSCRIBE))
        assert (await good.next())["id"] == 2
        await until(lambda: gateway.count("subscriptions") == 2, "both to subscribe")
        sent = 0
        while not gateway.count("disconnects_total", code=str(SLOW.code)):
            assert sent < 3_000, "never found slow"
            topic.publish(status(f"order/{sent}", 1, channels=["fleet:acme"]), position("a", sent, pad=8_000))
            for _ in range(2):
                assert "push" in await good.next()
            sent += 1
        await until(lambda: gateway.count("streams") == 1, "the slow one to be cut off")
        writer.close()


async def test_a_page_of_another_origin_is_refused_and_a_permitted_one_may_read_the_answer() -> None:
    async with running(allowed_origins=[PAGE]) as gateway, aiohttp.ClientSession() as http:
        for path in ("/connection/http_stream", "/emulation"):
            evil = {"Origin": "https://evil.example"}
            async with http.post(gateway.url + path, data=b"{}", headers=evil) as response:
                assert response.status == 403
                assert "Access-Control-Allow-Origin" not in response.headers
            async with http.options(gateway.url + path, headers=evil) as response:
                assert response.status == 403
            asks = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
            async with http.options(gateway.url + path, headers=asks) as response:
                assert response.status == 204
                assert response.headers["Access-Control-Allow-Headers"] == "Content-Type"
                assert response.headers["Access-Control-Allow-Origin"] == PAGE
            async with http.post(gateway.url + path, data=b" " * 70_000, headers={"Origin": PAGE}) as response:
                assert response.status == 413
                assert response.headers["Access-Control-Allow-Origin"] == PAGE
        async with stream(gateway, Origin=PAGE) as client:
            assert client.response.headers["Access-Control-Allow-Origin"] == PAGE
            assert client.response.headers["Vary"] == "Origin"


async def test_commands_that_come_in_at_another_gateway_find_their_session() -> None:
    async with aiohttp.ClientSession() as http:
        settings, peers = StreamSettings(peer_url="http://127.0.0.1:9", peer_key=KEY), HttpPeers(http)
        async with running(streams=settings, peers=peers) as other:
            async with running(streams=settings, peers=peers) as first:
                # Its port is known only once it listens.
                name = first.gateway.streams.node = node_name(first.gateway.node, first.url, KEY.encode())
                async with stream(first) as client:
                    assert await client.send({"id": 2, "ping": {}}, to=other) == 204
                    assert (await client.next())["id"] == 2
                    assert await client.send({"id": 3, "ping": {}}, to=other, **{FORWARDED: "1"}) == 404
                    client.session = "unknown"
                    assert await client.send({"id": 4, "ping": {}}, to=other) == 404
            assert await client_of_a_dead_gateway(http, other, name) == 404


async def client_of_a_dead_gateway(http: aiohttp.ClientSession, gateway: Running, node: str) -> int:
    body = {"session": "s", "node": node, "data": "{}"}
    async with http.post(f"{gateway.url}/emulation", json=body) as response:
        return response.status


def test_a_name_gives_its_address_only_to_who_has_the_key() -> None:
    name = node_name("id", "http://10.1.2.3:8000", KEY.encode())
    assert address_in(name, KEY.encode()) == "http://10.1.2.3:8000"
    assert address_in(name, b"another key of some length") is None
    assert address_in(name, b"") is None
    node, _, seal = name.split(".")
    forged = node_name("id", "http://169.254.169.254", b"a key of the attacker").split(".")[1]
    assert address_in(f"{node}.{forged}.{seal}", KEY.encode()) is None
    for text in ("", "a", "a.b", "a.b.c", "a.b.c.d", "\u00e9.\u00e9.\u00e9", "x" * 10_000):
        assert address_in(text, KEY.encode()) is None
    assert node_name("id", "", b"") == "id"


@pytest.mark.parametrize(
    ("url", "key"), [("ftp://x", KEY), ("http://x/path", KEY), ("http://x", ""), ("", KEY), ("http://x", "short")]
)
def test_settings_of_peers_are_checked(url: str, key: str) -> None:
    with pytest.raises(ValueError, match="PEER_"):
        StreamSettings(peer_url=url, peer_key=key)
