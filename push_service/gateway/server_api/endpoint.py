"""The HTTP side of the server API: who asks, the body, the reply."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from push_service.gateway.delivery.publication import Publication
from push_service.gateway.metrics import GatewayMetrics
from push_service.gateway.server_api.batch import BatchResult
from push_service.gateway.server_api.errors import ApiError
from push_service.gateway.server_api.keys import ApiKeys
from push_service.gateway.server_api.method import ApiMethod
from push_service.gateway.server_api.settings import ServerApiSettings, key_pairs
from runtime.http.bodies import read_body
from runtime.http.problem import MALFORMED_REQUEST, NOT_FOUND, Problem, ProblemType

UNAUTHORIZED = ProblemType(
    "bad-api-key",
    401,
    "No good API key",
    "Send a key of the server API as `X-API-Key`, or `Authorization: apikey KEY`.",
)
BUSY = ProblemType("too-many-requests-at-once", 503, "Too many requests at once", "Try again a bit later.")
API_PROBLEMS = (UNAUTHORIZED, BUSY)


class ServerApi:
    """`POST /api/<method>`. What is wrong with the HTTP request is a problem document; with what is asked, an error."""

    def __init__(self, methods: Mapping[str, ApiMethod], settings: ServerApiSettings, metrics: GatewayMetrics) -> None:
        self._methods = methods
        self._metrics = metrics
        self._settings = settings
        self._keys = ApiKeys(key_pairs(settings.keys))
        self._running = 0

    def add_to(self, app: web.Application) -> None:
        """Serves it."""
        app.router.add_post("/api/{method}", self.post)

    async def post(self, request: web.Request) -> web.Response:
        """Answers one request. Raises Problem."""
        if self._running >= self._settings.requests:
            raise Problem(BUSY, "the server API has all the requests it takes", headers={"Retry-After": "1"})
        self._running += 1
        try:
            return await self._answer(request)
        finally:
            self._running -= 1

    async def _answer(self, request: web.Request) -> web.Response:
        caller = self._keys.caller(request.headers)
        if caller is None:
            raise Problem(UNAUTHORIZED, "the request has no good API key", headers={"WWW-Authenticate": "apikey"})
        name = request.match_info["method"]
        method = self._methods.get(name)
        if method is None:
            raise Problem(NOT_FOUND, "the server API has no such method")
        body = await self._body(request)
        try:
            result = await method.call(caller, body)
        except ApiError as error:
            self._metrics.api_requests.labels(name, str(error.body.code)).inc()
            return _json({"error": error.body})
        self._metrics.api_requests.labels(name, "ok").inc()
        # A batch is answered without the usual wrapping, as clients of Centrifugo's API expect it.
        return _json(result if isinstance(result, BatchResult) else {"result": result})

    async def _body(self, request: web.Request) -> bytes:
        settings = self._settings
        body = await read_body(request, settings.body_bytes, settings.body_bytes, settings.body_seconds)
        try:
            body.decode()
            msgspec.json.decode(body, type=msgspec.Raw)
        except (ValueError, RecursionError):
            raise Problem(MALFORMED_REQUEST, "the body is not JSON in UTF-8") from None
        return body


def _json(document: object) -> web.Response:
    body = msgspec.json.encode(document, enc_hook=_publication_json)
    return web.Response(body=body, content_type="application/json")


def _publication_json(value: object) -> msgspec.Raw:
    if isinstance(value, Publication):
        return msgspec.Raw(value.json)
    raise NotImplementedError(f"{type(value).__name__} is no part of a reply")
