"""Hostile clients over raw sockets: each closed or answered as documented, and nobody else notices."""

import asyncio
import contextlib
import json
from typing import Any, Self, cast

import pytest

from tests.gateway.live_topic import position, status
from tests.gateway.raw_client import RawClient
from tests.gateway.running import DEADLINE, Running, running, token, until
from tests.gateway.test_frames import frame

KEY = "A" * 22 + "=="
HEAD = (
    "GET /connection/websocket HTTP/1.1\r\nHost: gateway.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
)


class RawSocket:
    """Bytes to the gateway, and what comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, gateway: Running) -> Self:
        raw = cls(*await asyncio.open_connection(*gateway.address))
        gateway.clients.append(raw)
        return raw

    @classmethod
    async def upgraded(cls, gateway: Running) -> Self:
        raw = await cls.open(gateway)
        raw.writer.write(f"{HEAD}\r\n".encode())
        assert (await raw.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        return raw

    async def rest(self) -> bytes:
        """Everything until the gateway closes."""
        async with asyncio.timeout(DEADLINE):
            return await self.reader.read()

    async def answer(self, request: str) -> str:
        """The answer to a request that is refused; the connection ends with it."""
        self.writer.write(request.encode("latin-1"))
        return (await self.rest()).decode()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@pytest.mark.parametrize(
    ("request_head", "status_line", "said"),
    [
        (HEAD.replace("GET ", "POST "), "400", "GET"),
        (HEAD.replace("HTTP/1.1", "HTTP/1.0"), "400", "HTTP/1.1"),
        (HEAD.replace("Host: gateway.example\r\n", ""), "400", "Host"),
        (HEAD + "Host: other\r\n", "400", "Host"),
        (HEAD.replace("Upgrade: websocket\r\n", ""), "426", "Upgrade"),
        (HEAD.replace("Connection: Upgrade", "Connection: close"), "426", "Connection"),
        (HEAD.replace("Version: 13", "Version: 8"), "426", "13"),
        (HEAD.replace(KEY, "short"), "400", "Sec-WebSocket-Key"),
        (HEAD.replace(KEY, "*" * 24), "400", "Sec-WebSocket-Key"),
        (HEAD + f"Sec-WebSocket-Key: {KEY}\r\n", "400", "Sec-WebSocket-Key"),
        (HEAD + "Content-Length: 5\r\n", "400", "body"),
        (HEAD + "Transfer-Encoding: chunked\r\n", "400", "body"),
        (HEAD + "Origin: https://evil.example\r\n", "403", "origin"),
        (HEAD + "Origin: null\r\n", "403", "origin"),
        (HEAD + "Origin: http://[\r\n", "403", "origin"),
        (HEAD + "Origin: https://app.example\r\nOrigin: https://evil.example\r\n", "403", "origin"),
        (HEAD + "Sec-WebSocket-Protocol: chat\r\n", "400", "centrifuge-json"),
        (HEAD + "No colon\r\n", "400", "malformed"),
        (HEAD + " folded: x\r\n", "400", "malformed"),
        (HEAD + "X: a\x00b\r\n", "400", "malformed"),
        (HEAD + "X: y\r\n" * 70, "431", "fields"),
        (HEAD + f"X: {'y' * 9_000}\r\n", "431", "over"),
    ],
)
async def test_wrong_handshakes_are_answered_with_what_is_wrong(request_head: str, status_line: str, said: str) -> None:
    async with running(allowed_origins=["https://app.example"]) as gateway:
        answer = await (await RawSocket.open(gateway)).answer(f"{request_head}\r\n")
        assert answer.startswith(f"HTTP/1.1 {status_line} "), answer
        assert said in answer.partition("\r\n\r\n")[2]
        assert gateway.count("connects_total", outcome="handshake_refused") == 1
        assert gateway.count("sockets") == 0


@pytest.mark.parametrize(
    "more",
    [
        "",
        "Origin: https://app.example\r\n",
        "Origin: http://gateway.example\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        "sec-websocket-protocol: other, centrifuge-json\r\n",
    ],
)
async def test_right_handshakes_are_accepted_and_compression_is_not_agreed_to(more: str) -> None:
    async with running(allowed_origins=["https://app.example"]) as gateway:
        raw = await RawSocket.open(gateway)
        request = f"{HEAD.replace('/websocket', '/websocket?x=1')}{more}\r\n".encode()
        for at in range(0, len(request), 7):
            raw.writer.write(request[at : at + 7])
            await asyncio.sleep(0)
        answer = (await raw.reader.readuntil(b"\r\n\r\n")).decode()
        assert answer.startswith("HTTP/1.1 101 ")
        assert "Extensions" not in answer
        assert ("centrifuge-json" in answer) == ("centrifuge-json" in more)


@pytest.mark.parametrize("request_head", ["garbage\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n", "x" * 20_000])
async def test_what_is_not_even_http_is_refused_by_the_http_side(request_head: str) -> None:
    async with running() as gateway:
        answer = await (await RawSocket.open(gateway)).answer(request_head)
        assert answer.startswith("HTTP/1.")
        assert answer.split()[1] in {"400", "431"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(1, b"{}", masked=False), 1002),
        (frame(1, b"{}", rsv=4), 1002),
        (frame(3, b""), 1002),
        (frame(0, b"x"), 1002),
        (frame(9, b"x" * 126), 1002),
        (frame(9, b"x", fin=False), 1002),
        (frame(1, b"x", fin=False) + frame(1, b"y"), 1002),
        (frame(8, b"\x03"), 1002),
        (frame(8, (1005).to_bytes(2)), 1002),
        (frame(1, b"\xff\xfe"), 1007),
        (frame(8, (1000).to_bytes(2) + b"\xff"), 1007),
        (frame(1, b"x" * 70_000), 1009),
        (frame(1, b"x" * 60_000, fin=False) + frame(0, b"x" * 60_000), 1009),
        (b"\x81\xff" + b"\x7f" + b"\xff" * 7, 1009),
    ],
)
async def test_wrong_frames_end_the_connection_with_the_code_of_the_standard(data: bytes, code: int) -> None:
    async with running() as gateway:
        raw = await RawSocket.upgraded(gateway)
        raw.writer.write(data)
        answer = await raw.rest()
        assert answer[0] == 0x88
        assert int.from_bytes(answer[2:4]) == code
        await raw.close()
        await until(lambda: gateway.count("sockets") == 0, "the socket to be gone")


async def test_a_ping_of_the_socket_is_answered_and_a_close_is_echoed() -> None:
    async with running() as gateway:
        raw = await RawSocket.upgraded(gateway)
        raw.writer.write(frame(9, b"hello") + frame(10, b"unasked") + frame(8, (1000).to_bytes(2) + b"bye"))
        assert await raw.rest() == b"\x8a\x05hello" + b"\x88\x05\x03\xe8bye"


async def test_sockets_that_do_not_say_who_they_are_are_closed_in_time() -> None:
    """Silent ones, those that dribble a handshake, and those that open a WebSocket and then say nothing."""
    async with running(connect_seconds=0.3) as gateway:
        silent, dribbling = await RawSocket.open(gateway), await RawSocket.open(gateway)
        dribbling.writer.write(HEAD.encode())
        upgraded = await RawSocket.upgraded(gateway)
        stays = await RawClient.connected(gateway)
        assert await silent.rest() == b""
        assert await dribbling.rest() == b""
        answer = await upgraded.reader.readexactly(4)
        assert int.from_bytes(answer[2:4]) == 3502
        await upgraded.rest()  # cut off although it does not answer the close
        assert "ping" in await stays.ask(ping={})


async def test_there_is_a_bound_on_sockets() -> None:
    async with running(max_sockets=2) as gateway:
        kept = [await RawClient.connected(gateway) for _ in range(2)]
        answer = await (await RawSocket.open(gateway)).answer(f"{HEAD}\r\n")
        assert answer.startswith("HTTP/1.1 503 ")
        assert "Retry-After: 1" in answer
        await kept[0].close()
        await until(lambda: gateway.count("sockets") == 1, "room")
        await RawClient.connected(gateway)


async def _stopped_reading(gateway: Running) -> RawSocket:
    """A subscriber that takes nothing of what it is sent."""
    raw = await RawSocket.upgraded(gateway)
    commands = [{"id": 1, "connect": {"token": token()}}, {"id": 2, "subscribe": {"channel": "fleet:acme"}}]
    before = gateway.count("subscriptions")
    raw.writer.write(frame(1, "\n".join(json.dumps(each) for each in commands).encode()))
    await until(lambda: gateway.count("subscriptions") > before, "the subscription")
    cast("asyncio.ReadTransport", raw.writer.transport).pause_reading()
    return raw


async def test_a_client_that_never_reads_is_conflated_then_closed_as_slow_and_the_others_are_served() -> None:
    limits: dict[str, Any] = {"queue_conflate_bytes": 20_000, "queue_max_bytes": 100_000, "send_buffer_bytes": 4_096}
    async with running(**limits) as gateway:
        gateway.topic.record()
        good = await RawClient.connected(gateway)
        await good.subscribe("fleet:acme")
        await _stopped_reading(gateway)
        sent = 0
        while gateway.count("disconnects_total", code="3008") == 0 and sent < 20_000:
            batch = [position(f"a{n % 5}", sent + n, pad=2_000) for n in range(20)]
            gateway.topic.publish(*batch, *(status("order/o", sent + n) for n in range(20)))
            assert len(await good.pushes(40)) == 40
            sent += 40
        assert gateway.count("disconnects_total", code="3008") == 1
        assert gateway.count("sockets") == 2  # it gets a moment to read why
        await until(lambda: gateway.count("sockets") == 1, "the slow socket to be cut off")
        assert gateway.count("subscriptions") == 1
        assert "ping" in await good.ask(ping={})


async def test_a_client_that_reads_again_in_time_gets_every_status_and_the_newest_positions() -> None:
    limits: dict[str, Any] = {"queue_conflate_bytes": 20_000, "queue_max_bytes": 500_000, "send_buffer_bytes": 4_096}
    async with running(**limits) as gateway:
        gateway.topic.record()
        raw = await _stopped_reading(gateway)
        for n in range(1_500):
            gateway.topic.publish(position(f"a{n % 3}", n, pad=2_000))
            if n % 50 == 0:
                gateway.topic.publish(status("order/o", n))
                await asyncio.sleep(0)
        cast("asyncio.ReadTransport", raw.writer.transport).resume_reading()
        received = b""
        async with asyncio.timeout(DEADLINE):
            while not all(b'"a%d-%d"' % (n % 3, n) in received for n in (1_497, 1_498, 1_499)):
                received += await raw.reader.read(1_000_000)
        offsets = [int(each.split(b"}", 1)[0]) for each in received.split(b'"offset":')[2:]]
        assert offsets == sorted(offsets)
        assert received.count(b'"status":"s') == 30
        assert len(offsets) < 1_530
        await until(lambda: gateway.count("conflated_total") > 0, "the count")


async def test_a_client_that_takes_nothing_for_too_long_is_closed_although_little_waits() -> None:
    async with running(stalled_seconds=0.3, send_buffer_bytes=4_096) as gateway:
        gateway.topic.record()
        await _stopped_reading(gateway)
        sent = 0
        while gateway.count("disconnects_total", code="3008") == 0 and sent < 500:
            gateway.topic.publish(*(position("a", sent + n, pad=5_000) for n in range(10)))
            sent += 10
            await asyncio.sleep(0.02)
        await until(lambda: gateway.count("disconnects_total", code="3008") == 1, "the close")
        await until(lambda: gateway.count("sockets") == 0, "the end")
