"""An aiohttp application as a service, with bounds on what a hostile client can hold."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from pydantic import Field

from runtime.http.problem import (
    HEADER_TOO_LARGE,
    MALFORMED_REQUEST,
    TOO_MANY_CONNECTIONS,
    Problem,
    answer_problems,
)
from runtime.settings import Section

log = structlog.get_logger(__name__)


class AdminSettings(Section, section="ADMIN"):
    """Where a process without HTTP of its own serves its probes and metrics."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(default=0, ge=0, le=65535, description="Port to listen on; 0 takes a free one, named in the log.")


@dataclass(frozen=True)
class HttpLimits:
    """What connections may hold, and for how long. Header sizes are aiohttp's: 8,190 bytes a line, 128 fields."""

    max_connections: int = 10_000
    """Open connections; one more is answered 503 and closed."""
    idle_seconds: float = 75.0
    """From connect or the last answer until the next request's headers are complete. This bounds slow headers too,
    and is over the 60 s of common load balancers, so that they close idle connections before we do."""
    stalled_seconds: float = 30.0
    """A peer that takes nothing of what we send for this long is cut off (TCP_USER_TIMEOUT, Linux only)."""
    linger_seconds: float = 5.0
    """How long the rest of a refused body is read and dropped, so that the client gets to see the answer."""
    drain_seconds: float = 5.0
    """What requests in progress get to finish when the server stops."""


class HttpService:
    """Serves an application until it is told to stop; then finishes what is in progress."""

    def __init__(self, name: str, app: web.Application, host: str, port: int, limits: HttpLimits | None = None) -> None:
        self.name = name
        self.listening = asyncio.Event()
        self._app = app
        self._host = host
        self._port = port
        self._limits = limits or HttpLimits()
        self._url: str | None = None

    @property
    def url(self) -> str:
        """`http://host:port`, once `listening` is set; RuntimeError before."""
        if self._url is None:
            raise RuntimeError(f"{self.name} is not listening yet")
        return self._url

    async def run(self, stopping: asyncio.Event) -> None:
        async with serving(self._app, self._host, self._port, self._limits) as url:
            self._url = url
            log.info("listening", service=self.name, url=url)
            self.listening.set()
            await stopping.wait()


def new_app() -> web.Application:
    """An application that answers every error as a problem document. Add routes and further middlewares to it."""
    return web.Application(middlewares=[answer_problems])


@asynccontextmanager
async def serving(
    app: web.Application, host: str = "127.0.0.1", port: int = 0, limits: HttpLimits | None = None
) -> AsyncIterator[str]:
    """Serve the application inside the block; gives its URL. Raises OSError if the address cannot be bound."""
    async with http_door(app, limits) as door:
        listener = await asyncio.get_running_loop().create_server(door, host, port, backlog=1024)
        try:
            yield url_of(listener.sockets[0])
        finally:
            listener.close()


@asynccontextmanager
async def http_door(
    app: web.Application, limits: HttpLimits | None = None
) -> AsyncIterator[Callable[[], asyncio.Protocol]]:
    """What makes the protocol of each connection, for a listener that speaks more than HTTP on its port."""
    limits = limits or HttpLimits()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=limits.drain_seconds)
    await runner.setup()
    try:
        yield _Door(runner, limits)
    finally:
        await runner.cleanup()


def url_of(listener: socket.socket) -> str:
    """The address that a listening socket is reached by."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Door:
    """Makes the protocol of each new connection: aiohttp's with our bounds, or a refusal if there are too many."""

    def __init__(self, runner: web.AppRunner, limits: HttpLimits) -> None:
        assert runner.server is not None
        self._server = runner.server
        self._limits = limits

    def __call__(self) -> asyncio.Protocol:
        if len(self._server.connections) >= self._limits.max_connections:
            return _Refusal()
        # Built here and not by aiohttp's Server, which drops arguments it does not know and then goes on without any.
        return _Connection(
            self._server,
            stalled_seconds=self._limits.stalled_seconds,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=self._limits.idle_seconds,
            lingering_time=self._limits.linger_seconds,
            auto_decompress=False,  # bodies are inflated, bounded, in runtime/http/bodies.py
            access_log=None,
        )


class _Connection(web.RequestHandler):
    """aiohttp's connection; what is not even HTTP is answered as a problem document too."""

    __slots__ = ("_on_lost", "_stalled_milliseconds")

    def __init__(self, server: web.Server, *, stalled_seconds: float, **options: object) -> None:
        super().__init__(server, **options)  # type: ignore[arg-type]
        self._stalled_milliseconds = round(stalled_seconds * 1000)
        self._on_lost: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if hasattr(socket, "TCP_USER_TIMEOUT") and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._stalled_milliseconds)

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        if self._on_lost is not None:
            self._on_lost()

    def when_lost(self, call: Callable[[], None]) -> None:
        """See the function of that name."""
        self._on_lost = call

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answers what fails outside `answer_problems`: in practice only requests that cannot be parsed."""
        if status != 400:
            return super().handle_error(request, status, exc, message)
        log.debug("malformed request", remote=request.remote, exc_info=exc)
        if isinstance(exc, LineTooLong):
            problem = Problem(HEADER_TOO_LARGE, "the request line or a header field is too long")
        else:
            problem = Problem(MALFORMED_REQUEST, "the request is not well-formed HTTP/1.1")
        response = problem.to_response()
        response.force_close()
        return response


def when_lost(request: web.Request, call: Callable[[], None]) -> None:
    """`call` is called once when the request's connection is lost: aiohttp leaves a handler that only waits unaware."""
    assert isinstance(request.protocol, _Connection)
    request.protocol.when_lost(call)


class _Refusal(asyncio.Protocol):
    """Answers 503 without reading, and closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.Transport", transport)  # uvloop's transports do not inherit from asyncio's
        problem = Problem(TOO_MANY_CONNECTIONS, "too many open connections")
        body = problem.body()
        head = (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
        )
        stream.write(head.encode() + body)
        stream.close()
