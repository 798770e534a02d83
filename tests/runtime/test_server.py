"""The HTTP server towards hostile, unlucky and ordinary clients, over real sockets."""

import asyncio
import gzip
import json
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from runtime.health import Health
from runtime.http.probes import add_probes
from runtime.http.problem import FieldError, Problem, ProblemType
from runtime.http.server import HttpLimits, HttpService, new_app, serving
from tests.runtime.raw_http import SECONDS, Answer, Client, exchange, post

TEAPOT = ProblemType("teapot", 418, "Teapot", "For tests.")
SHORT = HttpLimits(linger_seconds=0.1, drain_seconds=1.0)


async def get(url: str, path: str, *headers: str, method: str = "GET") -> Answer:
    lines = [f"{method} {path} HTTP/1.1", "Host: test", *headers]
    return await exchange(url, ("\r\n".join(lines) + "\r\n\r\n").encode())


def app_with(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    app = new_app()
    app.router.add_route("*", "/", handler)
    return app


async def refuses_connections(url: str) -> None:
    """Returns when nobody listens at the address any more."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                (await Client.connect(url)).close()
            except ConnectionRefusedError:
                return
            await asyncio.sleep(0.01)


async def hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server with a handler for each way to fail."""

    async def problem(_: web.Request) -> web.Response:
        wrong = FieldError(pointer="/0/lat", detail="over 90", type="out-of-range")
        raise Problem(TEAPOT, "short and stout", errors=[wrong], headers={"Retry-After": "7"})

    async def crash(_: web.Request) -> web.Response:
        raise RuntimeError("the password is hunter2")

    async def backend_down(_: web.Request) -> web.Response:
        raise ConnectionRefusedError("postgres at 10.0.0.1")

    async def redirect(_: web.Request) -> web.Response:
        raise web.HTTPFound("/elsewhere")

    async def forbidden(_: web.Request) -> web.Response:
        raise web.HTTPForbidden(text="internal reason")

    async def small(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    app = new_app()
    for handler in (problem, crash, backend_down, redirect, forbidden):
        app.router.add_get(f"/{handler.__name__}", handler)
    app.router.add_post("/small", small)
    app.router.add_get("/hello", hello)
    app.router.add_put("/hello", hello)
    async with serving(app, limits=SHORT) as url:
        yield url


async def test_a_problem_says_what_is_wrong_and_where(url: str) -> None:
    answer = await get(url, "/problem")
    assert answer.problem() == {
        "type": "/problems/teapot",
        "title": "Teapot",
        "status": 418,
        "detail": "short and stout",
        "errors": [{"pointer": "/0/lat", "detail": "over 90", "type": "out-of-range"}],
    }
    assert answer.headers["retry-after"] == "7"


async def test_an_unknown_path_is_a_problem(url: str) -> None:
    assert (await get(url, "/nowhere")).problem()["type"] == "/problems/not-found"


async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(url: str) -> None:
    answer = await get(url, "/hello", method="DELETE")
    assert answer.problem()["type"] == "/problems/method-not-allowed"
    assert answer.headers["allow"] == "GET, HEAD, PUT"


@pytest.mark.parametrize("path", ["/crash", "/backend_down"])
async def test_an_unexpected_error_leaks_nothing_and_can_be_found_in_the_log(
    url: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await get(url, path)
    problem = answer.problem()
    assert (answer.status, problem["type"]) == (500, "/problems/internal-error")
    assert b"hunter2" not in answer.body
    assert b"10.0.0.1" not in answer.body
    logged = capsys.readouterr()
    assert problem["instance"] in logged.out + logged.err


async def test_other_http_errors_are_problems_without_their_inner_text(url: str) -> None:
    answer = await get(url, "/forbidden")
    assert answer.problem() == {"type": "about:blank", "title": "Forbidden", "status": 403}


async def test_a_redirect_is_not_a_problem(url: str) -> None:
    answer = await get(url, "/redirect")
    assert (answer.status, answer.headers["location"]) == (302, "/elsewhere")


async def test_a_body_over_the_frameworks_own_bound_is_a_problem(url: str) -> None:
    answer = await exchange(url, post(b"x" * 2_000_000, path="/small"))
    assert answer.problem()["type"] == "/problems/body-too-large"


async def test_the_framework_does_not_inflate_bodies(url: str) -> None:
    """Else garbage would be a 500, and a truncated body would look whole."""
    body = gzip.compress(b"hello")
    answer = await exchange(url, post(body, "Content-Encoding: gzip", path="/small"))
    assert answer.body == body


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x00\xa5\x01\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"]
)
async def test_what_is_not_http_is_a_problem_and_closes(url: str, garbage: bytes) -> None:
    client = await Client.connect(url)
    await client.send(garbage)
    assert (await client.answer()).problem()["type"] == "/problems/malformed-request"
    await client.closed()
    client.close()


@pytest.mark.parametrize("head", [f"GET /{'a' * 9000} HTTP/1.1", f"GET / HTTP/1.1\r\nX: {'a' * 9000}"])
async def test_a_header_over_the_bound_is_a_problem(url: str, head: str) -> None:
    answer = await exchange(url, f"{head}\r\nHost: test\r\n\r\n".encode())
    assert answer.problem()["type"] == "/problems/header-too-large"


async def test_slow_headers_do_not_hold_a_connection() -> None:
    """A header line now and then does not extend the deadline; neither does one good request before."""
    async with serving(app_with(hello), limits=HttpLimits(idle_seconds=0.3)) as url:
        client = await Client.connect(url)
        await client.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        assert (await client.answer()).body == b"hello"
        await client.send(b"GET / HTTP/1.1\r\n")
        closed = asyncio.create_task(client.closed())
        lines = 0
        while not closed.done():
            lines += 1
            assert lines < 100
            await asyncio.sleep(0.05)
            try:
                await client.send(b"X: y\r\n")
            except ConnectionError:
                break
        await closed
        client.close()


async def test_connections_over_the_bound_are_refused_and_taken_again_later() -> None:
    async with serving(app_with(hello), limits=HttpLimits(max_connections=2)) as url:
        held = [await Client.connect(url) for _ in range(2)]
        for client in held:
            await client.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            assert (await client.answer()).status == 200
        refused = await Client.connect(url)
        answer = await refused.answer()
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert answer.problem()["type"] == "/problems/too-many-connections"
        await refused.closed()
        refused.close()
        held[0].close()
        async with asyncio.timeout(SECONDS):
            while (await get(url, "/")).status != 200:  # noqa: ASYNC110 only asking tells
                await asyncio.sleep(0.01)
        held[1].close()


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_USER_TIMEOUT is Linux's")
async def test_a_client_that_does_not_read_its_answer_is_cut_off() -> None:
    gone = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(65536))
        finally:
            gone.set()

    async with serving(app_with(endless), limits=HttpLimits(stalled_seconds=0.5, drain_seconds=0.1)) as url:
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            async with asyncio.timeout(SECONDS):
                await gone.wait()


async def test_a_request_in_progress_is_finished_when_the_server_stops() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        begun.set()
        await go_on.wait()
        return web.Response(text="done")

    service = HttpService("api", app_with(slow), "127.0.0.1", 0, SHORT)
    stopping = asyncio.Event()
    running = asyncio.create_task(service.run(stopping))
    await service.listening.wait()
    client = await Client.connect(service.url)
    await client.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
    await begun.wait()
    stopping.set()
    await refuses_connections(service.url)
    go_on.set()
    assert (await client.answer()).body == b"done"
    await running
    client.close()


async def test_a_taken_port_is_an_error_of_the_service() -> None:
    async with serving(new_app()) as url:
        service = HttpService("api", new_app(), "127.0.0.1", int(url.rpartition(":")[2]))
        with pytest.raises(OSError, match="address already in use"):
            await service.run(asyncio.Event())
        with pytest.raises(RuntimeError, match="not listening"):
            _ = service.url


async def test_an_ipv6_address_is_written_as_a_url_has_it() -> None:
    async with serving(app_with(hello), "::1") as url:
        assert url.startswith("http://[::1]:")
        assert (await get(url, "/")).body == b"hello"


async def test_probes_tell_alive_ready_and_metrics() -> None:
    health, registry, app = Health(), CollectorRegistry(), new_app()
    Counter("pings", "Pings.", registry=registry).inc(3)
    kafka = health.require("kafka")
    add_probes(app, health, registry)
    async with serving(app) as url:
        assert (await get(url, "/healthz")).status == 200
        answer = await get(url, "/readyz")
        assert answer.status == 503
        assert json.loads(answer.body) == {
            "ready": False,
            "conditions": {"kafka": {"up": False, "reason": "starting"}},
        }
        kafka.up()
        assert (await get(url, "/readyz")).status == 200
        assert b"pings_total 3.0" in (await get(url, "/metrics")).body
        openmetrics = await get(url, "/metrics", "Accept: application/openmetrics-text; version=1.0.0")
        assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
        assert openmetrics.body.endswith(b"# EOF\n")
