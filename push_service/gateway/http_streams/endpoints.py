"""The HTTP side: which request opens a stream, which brings commands, and which pages may ask."""

from collections.abc import Awaitable, Callable, Collection

from aiohttp import web

from push_service.gateway.http_streams.emulation import Emulation
from push_service.gateway.http_streams.media import is_protobuf
from push_service.gateway.http_streams.streams import Streams
from push_service.gateway.http_streams.wires import DelimitedWire, EventWire, LineWire
from push_service.gateway.metrics import ConnectOutcome, GatewayMetrics
from push_service.gateway.protocol.json_codec import JsonCodec
from push_service.gateway.protocol.protobuf.codec import ProtobufCodec
from runtime.http.bodies import read_body
from runtime.http.origins import is_permitted

SSE_PATH = "/connection/sse"
HTTP_STREAM_PATH = "/connection/http_stream"
EMULATION_PATH = "/emulation"
_PATHS = frozenset({SSE_PATH, HTTP_STREAM_PATH, EMULATION_PATH})
_PREFLIGHT_SECONDS = 300

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class StreamEndpoints:
    """Requests of the fallback transports."""

    def __init__(
        self,
        streams: Streams,
        emulation: Emulation,
        *,
        origins: Collection[str],
        max_body: int,
        body_seconds: float,
        metrics: GatewayMetrics,
    ) -> None:
        self._streams = streams
        self._emulation = emulation
        self._origins = frozenset(origins)
        self._max_body = max_body
        self._body_seconds = body_seconds
        self._metrics = metrics
        json = JsonCodec()
        # One of each for all streams: a publication is encoded once for each.
        self._lines, self._events = LineWire(json), EventWire(json)
        self._delimited = DelimitedWire(ProtobufCodec())

    def mount(self, app: web.Application) -> None:
        """Adds the routes."""
        app.router.add_get(SSE_PATH, self._of_permitted_page(self._sse), allow_head=False)
        app.router.add_post(HTTP_STREAM_PATH, self._of_permitted_page(self._http_stream))
        app.router.add_post(EMULATION_PATH, self._of_permitted_page(self._emulate))
        for path in _PATHS:
            app.router.add_options(path, self._of_permitted_page(_preflight))
        app.on_response_prepare.append(self._name_origin)

    async def _sse(self, request: web.Request) -> web.StreamResponse:
        commands = request.query.get("cf_connect", "")
        if not commands:
            return web.Response(status=400, text="the query names no command: cf_connect\n")
        return await self._streams.serve(request, self._events, commands.encode(errors="replace"))

    async def _http_stream(self, request: web.Request) -> web.StreamResponse:
        wire = self._delimited if is_protobuf(request) else self._lines
        return await self._streams.serve(request, wire, await self._body(request))

    async def _emulate(self, request: web.Request) -> web.Response:
        return web.Response(status=await self._emulation.take(request, await self._body(request)))

    async def _body(self, request: web.Request) -> bytes:
        return await read_body(request, self._max_body, self._max_body, self._body_seconds)

    def _of_permitted_page(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if not self._permits(request):
                self._metrics.connect(ConnectOutcome.REFUSED)
                return web.Response(status=403, text="this origin may not connect\n")
            return await handler(request)

        return checked

    def _permits(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin")
        return origin is None or is_permitted(origin, request.headers.get("Host", ""), self._origins)

    async def _name_origin(self, request: web.Request, response: web.StreamResponse) -> None:
        """Lets the page read the answer, also one that says no (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
        origin = request.headers.get("Origin")
        if request.path in _PATHS and origin is not None:
            response.headers["Vary"] = "Origin"
            if self._permits(request):
                response.headers["Access-Control-Allow-Origin"] = origin


async def _preflight(request: web.Request) -> web.Response:
    method = "GET" if request.path == SSE_PATH else "POST"
    headers = {
        "Access-Control-Allow-Methods": method,
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
    return web.Response(status=204, headers=headers)
