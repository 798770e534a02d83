"""Bodies over real sockets: whole and within bounds, or a clear refusal."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from runtime.http.bodies import MAX_GZIP_MEMBERS, read_body
from runtime.http.server import HttpLimits, new_app, serving
from tests.runtime.raw_http import Answer, Client, exchange, post

MAX_BYTES = 200_000
MAX_INFLATED = 1_000_000
SLOWEST = 0.3
GZIP = "Content-Encoding: gzip"
SHORT = HttpLimits(linger_seconds=0.1, drain_seconds=0.1)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server that answers with the length and the CRC of the body that it read."""

    async def read(request: web.Request) -> web.Response:
        body = await read_body(request, MAX_BYTES, MAX_INFLATED, SLOWEST)
        return web.json_response([len(body), zlib.crc32(body)])

    app = new_app()
    app.router.add_post("/", read)
    async with serving(app, limits=SHORT) as url:
        yield url


def assert_read(answer: Answer, body: bytes) -> None:
    assert answer.status == 200, answer
    assert answer.body.decode() == f"[{len(body)}, {zlib.crc32(body)}]"


def assert_refused(answer: Answer, status: int, slug: str) -> None:
    assert answer.status == status, answer
    assert answer.problem()["type"] == f"/problems/{slug}"


@pytest.mark.parametrize("body", [b"", b"x", b"y" * MAX_BYTES])
async def test_a_plain_body_is_read_whole(url: str, body: bytes) -> None:
    assert_read(await exchange(url, post(body)), body)


async def test_a_chunked_body_is_read_whole(url: str) -> None:
    chunks = b"5\r\nhello\r\n1;extension=1\r\n!\r\n0\r\n\r\n"
    answer = await exchange(url, post(chunks, "Transfer-Encoding: chunked", framed=False))
    assert_read(answer, b"hello!")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
async def test_a_gzip_body_is_inflated(url: str, encoding: str) -> None:
    body = b"a ping " * 1000
    assert_read(await exchange(url, post(gzip.compress(body), f"Content-Encoding: {encoding}")), body)


async def test_a_gzip_body_that_arrives_byte_by_byte_is_inflated(url: str) -> None:
    client = await Client.connect(url)
    for byte in post(gzip.compress(b"first") + gzip.compress(b"second"), GZIP):
        await client.send(bytes([byte]))
        await asyncio.sleep(0)
    assert_read(await client.answer(), b"firstsecond")
    client.close()


async def test_gzip_members_are_joined(url: str) -> None:
    body = gzip.compress(b"one,") + gzip.compress(b"") + gzip.compress(b"two")
    assert_read(await exchange(url, post(body, GZIP)), b"one,two")


async def test_a_gzip_body_may_inflate_to_the_bound_exactly(url: str) -> None:
    body = b"z" * MAX_INFLATED
    assert_read(await exchange(url, post(gzip.compress(body), GZIP)), body)
    assert_refused(await exchange(url, post(gzip.compress(body + b"z"), GZIP)), 413, "body-too-large")


async def test_a_bomb_is_refused_without_memory_growth(url: str) -> None:
    """150 MB of zeros in 150 kB: no more than the bound, and what handling it needs, is ever held."""
    bomb = gzip.compress(bytes(150_000_000))
    assert len(bomb) < MAX_BYTES
    tracemalloc.start()
    try:
        answer = await exchange(url, post(bomb, GZIP))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert_refused(answer, 413, "body-too-large")
    assert peak < 5 * MAX_INFLATED


async def test_a_body_of_endless_tiny_members_is_refused(url: str) -> None:
    answer = await exchange(url, post(gzip.compress(b"") * (MAX_GZIP_MEMBERS + 1), GZIP))
    assert_refused(answer, 413, "body-too-large")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(gzip.compress(b"a ping")[:-1], id="truncated-trailer"),
        pytest.param(gzip.compress(b"a ping" * 100)[:20], id="truncated-data"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\x1f\x8b", id="truncated-header"),
        pytest.param(b"not gzip at all", id="garbage"),
        pytest.param(zlib.compress(b"zlib, not gzip"), id="zlib"),
        pytest.param(gzip.compress(b"a ping") + b"tail", id="trailing-garbage"),
        pytest.param(gzip.compress(b"a ping") + b"\x00", id="trailing-zero"),
        pytest.param(gzip.compress(b"a ping") + gzip.compress(b"two")[:-2], id="truncated-second-member"),
        pytest.param(gzip.compress(b"a ping")[:-8] + b"\0\0\0\0\0\0\0\0", id="wrong-checksum"),
    ],
)
async def test_damaged_gzip_is_refused(url: str, body: bytes) -> None:
    assert_refused(await exchange(url, post(body, GZIP)), 400, "bad-content-encoding")


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "nonsense"])
async def test_other_encodings_are_refused_with_what_would_be_taken(url: str, encoding: str) -> None:
    answer = await exchange(url, post(b"x", f"Content-Encoding: {encoding}"))
    assert_refused(answer, 415, "unsupported-content-encoding")
    assert answer.headers["accept-encoding"] == "gzip, identity"


async def test_a_declared_length_over_the_bound_is_refused_before_the_body_comes(url: str) -> None:
    answer = await exchange(url, post(b"", f"Content-Length: {MAX_BYTES + 1}", framed=False))
    assert_refused(answer, 413, "body-too-large")


async def test_an_undeclared_length_over_the_bound_is_refused(url: str) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = await exchange(url, post(chunk * 4, "Transfer-Encoding: chunked", framed=False))
    assert_refused(answer, 413, "body-too-large")


async def test_a_slow_body_is_refused_within_the_deadline(url: str) -> None:
    """A byte now and then does not extend the deadline, and the connection is closed."""
    client = await Client.connect(url)
    await client.send(post(b"", "Content-Length: 1000", framed=False))
    answering = asyncio.create_task(client.answer())
    sent = 0
    while not answering.done():
        await client.send(b"x")
        sent += 1
        await asyncio.sleep(SLOWEST / 10)
    assert_refused(answering.result(), 408, "body-timeout")
    assert 1 < sent < 1000
    await client.closed()
    client.close()


async def test_broken_chunks_are_refused(url: str) -> None:
    client = await Client.connect(url)
    await client.send(post(b"", "Transfer-Encoding: chunked", framed=False))
    await client.send(b"zz\r\nnot a chunk")
    assert_refused(await client.answer(), 400, "malformed-request")
    client.close()


async def test_a_client_that_leaves_halfway_harms_nobody(url: str) -> None:
    client = await Client.connect(url)
    await client.send(post(b"half", "Content-Length: 1000", framed=False))
    client.close()
    assert_read(await exchange(url, post(b"next")), b"next")


async def test_a_connection_goes_on_after_a_refusal(url: str) -> None:
    client = await Client.connect(url)
    await client.send(post(b"garbage", GZIP))
    assert_refused(await client.answer(), 400, "bad-content-encoding")
    await client.send(post(b"fine"))
    assert_read(await client.answer(), b"fine")
    client.close()
