"""A hostile client: writes bytes as it likes to a real socket, and reads the answer."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SECONDS = 10.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self) -> dict[str, Any]:
        """The answer as a problem document; fails if it is not one."""
        assert self.headers["content-type"].startswith("application/problem+json"), self
        document = json.loads(self.body)
        assert isinstance(document, dict)
        assert document["status"] == self.status
        return document


class Client:
    """One connection to `url`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, url: str) -> "Client":
        parts = urlsplit(url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    async def send(self, data: bytes) -> None:
        """Raises ConnectionError once the server has closed the connection."""
        if self.writer.transport.is_closing():  # where asyncio would warn, uvloop raises RuntimeError
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answer:
        """The next answer; fails if none comes in time."""
        async with asyncio.timeout(SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
            status_line, *lines = head.decode().rstrip("\r\n").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(status_line.split()[1]), headers, body)

    async def closed(self) -> None:
        """Returns when the server has closed the connection; fails if it does not in time."""
        async with asyncio.timeout(SECONDS):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionError:
                pass

    def close(self) -> None:
        self.writer.close()


async def exchange(url: str, data: bytes) -> Answer:
    """Send all of `data` on a connection of its own and give the first answer."""
    client = await Client.connect(url)
    try:
        await client.send(data)
        return await client.answer()
    finally:
        client.close()


def post(body: bytes, *headers: str, path: str = "/", framed: bool = True) -> bytes:
    """The bytes of a POST; `framed` adds its true Content-Length."""
    lines = [f"POST {path} HTTP/1.1", "Host: test", *headers]
    if framed:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
