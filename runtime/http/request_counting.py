"""Counts requests by route and status of the answer."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import Counter


def count_requests(requests: Counter) -> Middleware:
    """A middleware to stand outermost. Paths that lead nowhere count as one route, so that nobody can make labels."""

    @web.middleware
    async def count(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        status = "none"
        try:
            response = await handler(request)
            status = str(response.status)
            return response
        finally:
            resource = request.match_info.route.resource
            requests.labels("other" if resource is None else resource.canonical, status).inc()

    return count
