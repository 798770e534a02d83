"""Which pages may ask (the Fetch standard's CORS protocol). Programs send no Origin, and are asked for their token."""

from collections.abc import Awaitable, Callable, Collection

from aiohttp import web
from aiohttp.typedefs import Middleware

from runtime.http.origins import is_permitted

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, PUT, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}
_EXPOSED = "Retry-After, WWW-Authenticate"


def allow_origins(allowed: Collection[str]) -> Middleware:
    """A middleware to stand outermost, so that pages can read errors too."""

    @web.middleware
    async def cors(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        permitted = origin is not None and is_permitted(origin, request.headers.get("Host", ""), allowed)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response: web.StreamResponse = web.Response(status=204, headers=_PREFLIGHT if permitted else {})
        else:
            response = await handler(request)
        response.headers["Vary"] = "Origin"
        if permitted and origin is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        return response

    return cors
