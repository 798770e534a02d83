"""Errors as RFC 9457 problem documents (`application/problem+json`), each kind declared once in a table."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import uuid4

import msgspec
import structlog
from aiohttp import web

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True)
class ProblemType:
    """One kind of problem. `docs/errors.md` is written from these tables; the slug never changes once published."""

    slug: str
    status: int
    title: str
    description: str

    @property
    def uri(self) -> str:
        """A relative reference (RFC 9457, 3.1.1 allows them): whoever runs this owns the domain, we do not."""
        return f"/problems/{self.slug}"


class FieldError(TypedDict):
    """One thing wrong in a document: where (RFC 6901 JSON pointer), what for a person, and what for a program."""

    pointer: str
    detail: str
    type: str


NOT_FOUND = ProblemType("not-found", 404, "Not found", "Nothing is served at this path.")
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed", 405, "Method not allowed", "The path exists, but not with this method; `Allow` lists those."
)
MALFORMED_REQUEST = ProblemType(
    "malformed-request", 400, "Malformed request", "What arrived is not HTTP/1.1 as RFC 9112 has it."
)
HEADER_TOO_LARGE = ProblemType(
    "header-too-large", 431, "Header too large", "The request line or a header field is over 8,190 bytes."
)
BODY_TOO_LARGE = ProblemType(
    "body-too-large", 413, "Body too large", "The body, as sent or once inflated, is over the limit in `detail`."
)
BODY_TIMEOUT = ProblemType(
    "body-timeout", 408, "Body too slow", "The body had not arrived whole within the time in `detail`."
)
BAD_CONTENT_ENCODING = ProblemType(
    "bad-content-encoding", 400, "Bad content encoding", "The body is said to be gzip, but is damaged or incomplete."
)
UNSUPPORTED_CONTENT_ENCODING = ProblemType(
    "unsupported-content-encoding", 415, "Unsupported content encoding", "Bodies may be sent as they are, or as gzip."
)
TOO_MANY_CONNECTIONS = ProblemType(
    "too-many-connections", 503, "Too many connections", "The server has all the connections it takes; try again later."
)
INTERNAL_ERROR = ProblemType(
    "internal-error",
    500,
    "Internal error",
    "Our fault. `instance` names the event in the server's log. The same request may be sent again.",
)

HTTP_PROBLEMS = (
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    MALFORMED_REQUEST,
    HEADER_TOO_LARGE,
    BODY_TOO_LARGE,
    BODY_TIMEOUT,
    BAD_CONTENT_ENCODING,
    UNSUPPORTED_CONTENT_ENCODING,
    TOO_MANY_CONNECTIONS,
    INTERNAL_ERROR,
)


class Problem(Exception):
    """An answer that says what is wrong. Raise it anywhere below `answer_problems`.

    `detail` is about this occurrence, for a person. `errors` names each thing wrong in the document.
    `headers` go with the answer (Retry-After, WWW-Authenticate, Allow).
    """

    def __init__(
        self,
        type: ProblemType,  # noqa: A002 the member's name in RFC 9457
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        instance: str | None = None,
    ) -> None:
        super().__init__(f"{type.slug}: {detail}")
        self.type = type
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.instance = instance

    @property
    def slug(self) -> str:
        return self.type.slug

    @property
    def status(self) -> int:
        return self.type.status

    @property
    def title(self) -> str:
        return self.type.title

    def document(self) -> dict[str, Any]:
        """The JSON object of the answer; members without a value are left out."""
        document: dict[str, Any] = {
            "type": self.type.uri,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        if self.instance is not None:
            document["instance"] = self.instance
        return document

    def body(self) -> bytes:
        return msgspec.json.encode(self.document())

    def to_response(self) -> web.Response:
        return web.Response(status=self.status, body=self.body(), content_type=CONTENT_TYPE, headers=self.headers)


@web.middleware
async def answer_problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The outermost middleware: what goes wrong inside is answered as a problem document, nothing internal in it."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.to_response()
    except web.HTTPError as error:
        return _of_http_error(request, error)
    except web.HTTPException:
        raise  # a redirect is not an error
    except web.RequestPayloadError:
        return Problem(MALFORMED_REQUEST, "the body is not framed as its headers say").to_response()
    except Exception as error:
        if isinstance(error, ConnectionError) and request.transport is None:
            raise  # the client left: there is nobody to answer, and aiohttp drops the connection quietly
        instance = f"urn:uuid:{uuid4()}"
        log.exception("request failed", method=request.method, path=request.path, instance=instance)
        return Problem(INTERNAL_ERROR, "an unexpected error; it has been logged", instance=instance).to_response()


def _of_http_error(request: web.Request, error: web.HTTPError) -> web.Response:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        detail = f"{request.method} is not allowed at {request.path}; allowed: {allowed}"
        return Problem(METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed}).to_response()
    if error.status == 404:
        return Problem(NOT_FOUND, f"nothing is served at {request.path}").to_response()
    if error.status == 413:
        return Problem(BODY_TOO_LARGE, "the body is over the limit").to_response()
    # RFC 9457, 4.2.1: without a type of our own, the status code says it all.
    body = msgspec.json.encode({"type": "about:blank", "title": error.reason, "status": error.status})
    return web.Response(status=error.status, body=body, content_type=CONTENT_TYPE)
