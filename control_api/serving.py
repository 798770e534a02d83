"""From a request to a route's handler, and back."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
import structlog
from aiohttp import web

from control_api.problems import BAD_PARAMETER, BUSY, TRY_AGAIN
from control_api.route import Answered, Asked, Param, Route
from domain.errors import OutageError
from runtime.http.body_reader import BodyReader
from runtime.http.faults import Faults, problem_of
from runtime.http.problem import Problem

log = structlog.get_logger(__name__)

RETRY_SECONDS = 2


class Server:
    """Serves routes, so many requests at a time."""

    def __init__(self, bodies: BodyReader, most_requests: int) -> None:
        self._bodies = bodies
        self._free = most_requests

    def add(self, app: web.Application, routes: Iterable[Route]) -> None:
        """Serves these too."""
        for route in routes:
            app.router.add_route(route.method, route.path, self._handler(route))

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            if self._free <= 0:
                raise Problem(BUSY, "all the requests that are taken at a time are here", headers={"Retry-After": "1"})
            self._free -= 1
            try:
                return _response(await self._answer(route, request))
            except OutageError as error:
                log.warning("a request could not be answered", operation=route.operation, reason=str(error))
                raise Problem(
                    TRY_AGAIN, "a part of the platform is away", headers={"Retry-After": str(RETRY_SECONDS)}
                ) from None
            finally:
                self._free += 1

        return handle

    async def _answer(self, route: Route, request: web.Request) -> Answered:
        caller = await route.door.admit(request)
        path = {each.name: _value(each, request.match_info[each.name]) for each in route.parts}
        query = _query(route, request)
        body = None
        if route.body is not None:
            try:
                body = route.body.read(await self._bodies.read(request))
            except Faults as wrong:
                raise problem_of(wrong.faults) from None
        return await route.handler(caller, Asked(path, query, body))


def _query(route: Route, request: web.Request) -> dict[str, Any]:
    known = {each.name: each for each in route.query}
    found: dict[str, Any] = {}
    for name, text in request.query.items():
        if name not in known:
            raise Problem(BAD_PARAMETER, f"there is no such parameter; there are: {', '.join(known) or 'none'}")
        if name in found:
            raise Problem(BAD_PARAMETER, f"{name}: is given twice")
        found[name] = _value(known[name], text)
    return found


def _value(param: Param, text: str) -> Any:
    try:
        return param.read(text)
    except ValueError as error:
        raise Problem(BAD_PARAMETER, f"{param.name}: {error}") from None


def _response(answered: Answered) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    if answered.document is None:
        return web.Response(status=answered.status, headers=headers)
    body = msgspec.json.encode(answered.document)
    return web.Response(status=answered.status, body=body, content_type="application/json", headers=headers)
