"""Refusals in the form of Confluent's REST interface: `{"error_code": 40401, "message": "..."}`.

The first three digits of the code are the HTTP status. Source: Schema Registry API reference, "Errors".
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

SUBJECT_NOT_FOUND = 40401
VERSION_NOT_FOUND = 40402
SCHEMA_NOT_FOUND = 40403
NO_LEVEL_OF_ITS_OWN = 40408
INCOMPATIBLE = 409
INVALID_SCHEMA = 42201
INVALID_VERSION = 42202
INVALID_LEVEL = 42203


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def response(self) -> web.Response:
        status = int(str(self.code)[:3])
        return web.json_response({"error_code": self.code, "message": self.message}, status=status)


@web.middleware
async def answer_refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every error is JSON, also aiohttp's own (no such route, body too large)."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal.response
    except web.HTTPError as error:
        return Refusal(error.status, f"{request.method} {request.path}: {error.reason}").response
