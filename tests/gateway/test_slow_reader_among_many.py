"""One client of 1,000 never reads: it costs a bounded amount of memory, nobody else notices, and it loses nothing."""

import asyncio
import json
import re
import socket
from typing import Any, cast

from push_service.gateway.websocket.connection import SocketConnection
from tests.gateway.live_topic import partition_for, position, status
from tests.gateway.raw_client import RawClient
from tests.gateway.running import DEADLINE, Running, running, token, until
from tests.gateway.test_frames import frame

OTHERS = 999
QUEUE_BYTES = 60_000
WRITE_BUFFER = 64 * 1024  # of a connection, before anything is queued
BIG = 8_000  # bytes of a position
HEAD = (
    "GET /connection/websocket HTTP/1.1\r\nHost: gateway.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n"
)


class Client(asyncio.Protocol):
    """Connects and subscribes in one go, and keeps the offsets that it is pushed, and what else it is sent."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.lost = False
        self._transport: asyncio.Transport

    @classmethod
    async def open(cls, gateway: Running, receive_buffer: int | None = None) -> "Client":
        connection = socket.socket()
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, gateway.address)
        _, client = await asyncio.get_running_loop().create_connection(cls, sock=connection)
        gateway.clients.append(client)
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        commands = [{"id": 1, "connect": {"token": token()}}, {"id": 2, "subscribe": {"channel": "fleet:acme"}}]
        self._transport.write(HEAD.encode() + frame(1, "\n".join(json.dumps(each) for each in commands).encode()))

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def stop_reading(self) -> None:
        self._transport.pause_reading()

    def read_again(self) -> None:
        self._transport.resume_reading()

    @property
    def pushes(self) -> bytearray:
        """All that was pushed, as it came."""
        return self.received[self.received.index(b'{"push":') :]

    @property
    def pushed(self) -> list[int]:
        """Offsets of the pushes so far, in the order in which they came."""
        return [int(each) for each in re.findall(rb'"offset":(\d+)\}\}\}', self.pushes)]

    @property
    def statuses(self) -> list[int]:
        return [int(each) for each in re.findall(rb'"status":"s(\d+)"', self.received)]

    async def close(self) -> None:
        self._transport.abort()
        await until(lambda: self.lost, "the end of a client")


async def test_one_of_a_thousand_that_never_reads_loses_no_status_and_disturbs_nobody() -> None:
    limits: dict[str, Any] = {
        "queue_conflate_bytes": 20_000,
        "queue_max_bytes": QUEUE_BYTES,
        "send_buffer_bytes": 4_096,
    }
    async with running(ping_seconds=300.0, **limits) as gateway:  # these clients answer no pings
        gateway.topic.record()
        slow = await Client.open(gateway, receive_buffer=32_768)
        await until(lambda: b'"subscribe":' in slow.received, "the subscription")
        slow.stop_reading()
        (slow_socket,) = gateway.gateway.door.sockets
        others = await asyncio.gather(*(Client.open(gateway) for _ in range(OTHERS)))
        await until(lambda: gateway.count("subscriptions") == 1 + OTHERS, "all subscriptions")

        sent = await _publish_until_slow(gateway, slow_socket)

        # It reads why it was closed, after an unbroken part of what there was.
        slow.read_again()
        await until(lambda: slow.received.endswith((3008).to_bytes(2) + b"slow"), "the close")
        everything = list(range(1, len(gateway.topic.records[partition_for("acme")]) + 1))
        seen = slow.pushed
        assert seen == everything[: len(seen)]

        # The others have all of it, in order, and are still there.
        end = b'"offset":%d}}}' % everything[-1]
        await until(lambda: all(each.received.endswith(end) for each in others), "the last one")
        assert others[0].pushed == everything
        assert len({bytes(each.pushes) for each in others}) == 1
        assert not any(each.lost for each in others)

        # Back where it was, it has each status once and in order.
        back = await RawClient.connected(gateway)
        epoch = re.findall(rb'"epoch":"([^"]+)"', slow.received)[0].decode()
        reply = await back.subscribe("fleet:acme", recover=True, epoch=epoch, offset=seen[-1])
        assert reply["recovered"]
        missed = [each["data"]["status"] for each in reply["publications"] if each["data"]["kind"] == "status"]
        assert slow.statuses + [int(each.removeprefix("s")) for each in missed] == list(range(1, sent + 1))


async def _publish_until_slow(gateway: Running, slow: SocketConnection) -> int:
    """Publishes statuses, and positions in between, until the slow one is closed; gives how many statuses."""
    sent = 0
    async with asyncio.timeout(DEADLINE):
        while gateway.count("disconnects_total", code="3008") == 0:
            for _ in range(10):
                sent += 1
                gateway.topic.publish(status("order/o", sent))
            gateway.topic.publish(position(f"a{sent % 3}", sent, pad=BIG))
            await asyncio.sleep(0.005)
            _check_bounded(slow)
    return sent


def _check_bounded(slow: SocketConnection) -> None:
    if slow._queue is not None:
        assert slow._queue._bytes <= QUEUE_BYTES + 2 * BIG
    assert slow._transport.get_write_buffer_size() <= 2 * WRITE_BUFFER + 2 * BIG
