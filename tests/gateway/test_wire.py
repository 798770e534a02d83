"""Protobuf over WebSockets: chosen how, the same as JSON, and what becomes of frames that are none."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from centrifuge.protocol import client_pb2
from google.protobuf.internal import decoder
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.gateway.live_topic import LiveTopic, position
from tests.gateway.raw_client import RawClient
from tests.gateway.running import DEADLINE, Running, running, token, until

PROTOBUF: Any = "centrifuge-protobuf"
DECODER: Any = decoder  # the stubs do not have all of it
CONNECT = client_pb2.Command(id=1, connect=client_pb2.ConnectRequest(token=token()))


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def framed(*commands: Any) -> bytes:
    """Commands of the official runtime, in one frame."""
    messages = [each.SerializeToString() for each in commands]
    return b"".join(varint(len(each)) + each for each in messages)


def replies(frame: Any) -> list[Any]:
    assert isinstance(frame, bytes), "Protobuf comes in binary messages"
    found, at = [], 0
    while at < len(frame):
        size, at = DECODER._DecodeVarint(frame, at)
        reply = client_pb2.Reply()
        reply.ParseFromString(frame[at : at + size])
        found.append(reply)
        at += size
    return found


class ProtobufClient:
    """Reply by reply, over the official runtime."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._waiting: list[Any] = []

    async def send(self, *commands: Any) -> None:
        await self.socket.send(framed(*commands))

    async def next(self) -> Any:
        async with asyncio.timeout(DEADLINE):
            while not self._waiting:
                self._waiting += replies(await self.socket.recv())
        return self._waiting.pop(0)

    async def closed(self) -> tuple[int, str]:
        """The code and reason, once the gateway has closed."""
        async with asyncio.timeout(DEADLINE):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed:
                pass
        closed = self.socket.protocol.close_rcvd
        assert closed is not None, "cut off without a close frame"
        return closed.code, closed.reason


@asynccontextmanager
async def opened(gateway: Running, query: str = "", subprotocol: Any = PROTOBUF) -> AsyncIterator[ProtobufClient]:
    subprotocols = [subprotocol] if subprotocol else None
    address = gateway.socket_url + query
    async with connect(address, subprotocols=subprotocols, proxy=None, compression=None) as socket:
        assert socket.subprotocol == subprotocol
        yield ProtobufClient(socket)


@asynccontextmanager
async def connected(gateway: Running) -> AsyncIterator[ProtobufClient]:
    async with opened(gateway) as client:
        await client.send(CONNECT)
        assert (await client.next()).connect.client
        yield client


@pytest.mark.parametrize("query", ["?cf_protocol=protobuf", "?a=b&format=protobuf"])
async def test_a_client_that_names_no_subprotocol_may_ask_for_protobuf_in_the_address(query: str) -> None:
    async with running() as gateway, opened(gateway, query, None) as client:
        await client.send(CONNECT)
        assert (await client.next()).connect.pong


async def test_without_either_it_is_json() -> None:
    async with running() as gateway, opened(gateway, "?cf_protocol=json", None) as client:
        await client.socket.send(json.dumps({"id": 1, "connect": {"token": token()}}))
        assert "connect" in json.loads(await client.socket.recv())


async def test_json_and_protobuf_clients_of_a_channel_get_the_same_data() -> None:
    topic = LiveTopic()
    async with running(topic) as gateway:
        topic.publish(position("a", 1))
        topic.record()
        json_client = await RawClient.connected(gateway)
        async with connected(gateway) as client:
            told = await json_client.subscribe("fleet:acme")
            await client.send(client_pb2.Command(id=2, subscribe=client_pb2.SubscribeRequest(channel="fleet:acme")))
            subscribed = (await client.next()).subscribe
            assert json.loads(subscribed.data) == told["data"]
            assert (subscribed.offset, subscribed.epoch) == (told["offset"], told["epoch"])
            assert subscribed.recoverable
            topic.publish(*(position("a", n) for n in range(2, 5)))
            for pushed in await json_client.pushes(3):
                push = (await client.next()).push
                assert push.channel == "fleet:acme"
                assert json.loads(push.pub.data) == pushed["data"]
                assert push.pub.offset == pushed["offset"]


async def test_several_commands_in_a_frame_are_answered_in_their_order() -> None:
    async with running() as gateway, opened(gateway) as client:
        pings = [client_pb2.Command(id=n, ping=client_pb2.PingRequest()) for n in range(2, 100)]
        await client.send(CONNECT, *pings)
        assert [(await client.next()).id for _ in range(99)] == list(range(1, 100))


async def test_pings_are_empty_replies_and_answered_by_empty_commands() -> None:
    async with running(ping_seconds=0.4, pong_seconds=0.2) as gateway, connected(gateway) as client:
        for _ in range(4):
            assert await client.next() == client_pb2.Reply()
            await client.send(client_pb2.Command())
        assert await client.closed() == (3012, "no pong")


async def test_an_error_says_whether_to_try_again() -> None:
    topic = LiveTopic()
    async with running(topic, subscribe_seconds=0.2) as gateway, connected(gateway) as client:
        await client.send(
            client_pb2.Command(id=2, subscribe=client_pb2.SubscribeRequest(channel="fleet:other")),
            client_pb2.Command(id=3, subscribe=client_pb2.SubscribeRequest(channel="fleet:acme")),
        )
        denied, unavailable = await client.next(), await client.next()
        assert (denied.id, denied.error.code, denied.error.temporary) == (2, 103, False)
        assert (unavailable.id, unavailable.error.code, unavailable.error.temporary) == (3, 100, True)


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (b"", "empty"),
        (b'{"id":1,"ping":{}}', "JSON"),
        (b"\x05\x08\x01", "cut"),
        (b"\xff" * 30, "a giant number"),
        (b"\xff\xff\xff\xff\x0f" + b"x" * 100, "a command of 4 GiB"),
        (b"\x05\x2a\x03\x0a\x01\xff", "invalid UTF-8"),
        (b"\x00" * 10_000, "ten thousand commands"),
        (framed(client_pb2.Command(id=2)), "no request"),
        (framed(client_pb2.Command(ping=client_pb2.PingRequest())), "no id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_bad_protobuf_closes_3501_and_others_are_unharmed(frame: bytes, what: str) -> None:
    async with running() as gateway, connected(gateway) as good, connected(gateway) as bad:
        await bad.socket.send(frame)
        assert await bad.closed() == (3501, "bad request")
        await good.send(client_pb2.Command(id=2, ping=client_pb2.PingRequest()))
        assert (await good.next()).id == 2
        await until(lambda: gateway.count("sockets") == 1, "the bad one to end")


async def test_a_text_message_to_a_protobuf_socket_is_a_bad_request() -> None:
    async with running() as gateway, connected(gateway) as client:
        await client.socket.send('{"id":2,"ping":{}}')
        assert await client.closed() == (3501, "bad request")


async def test_data_that_is_no_json_is_refused_as_json_clients_could_not_be_shown_it() -> None:
    async with running() as gateway, connected(gateway) as client:
        await client.send(
            client_pb2.Command(id=2, rpc=client_pb2.RPCRequest(method="snapshot.page", data=b"\xff\x00 no JSON"))
        )
        assert (await client.next()).error.code == 107
