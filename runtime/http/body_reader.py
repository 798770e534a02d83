"""From a request's bytes to a JSON value, with a bound on all bodies that are held at the same time."""

from typing import Any, Protocol

from aiohttp import web

from runtime.http.bodies import read_body
from runtime.http.byte_budget import ByteBudget
from runtime.http.faults import Faults, problem_of
from runtime.http.json_problems import UNSUPPORTED_MEDIA_TYPE
from runtime.http.json_reader import read_json
from runtime.http.problem import Problem

DEFLATE_MOST = 1_032
"""Deflate makes at most so many bytes of one (zlib's documentation, "Maximum Compression Factor")."""


class BodyLimits(Protocol):
    """The bounds, as a section of settings has them."""

    @property
    def body_bytes(self) -> int:
        """As sent."""

    @property
    def inflated_bytes(self) -> int: ...
    @property
    def body_seconds(self) -> float:
        """What a body may take to arrive."""


class BodyReader:
    """Reads bodies. What a body may come to is reserved before it is read."""

    def __init__(self, limits: BodyLimits, budget: ByteBudget) -> None:
        self._limits = limits
        self._budget = budget

    async def read(self, request: web.Request) -> Any:
        """The JSON value of a request's body. Raises Problem: 400, 408, 413, 415 or 503."""
        _require_json(request)
        limits = self._limits
        with self._budget.reserved(self._most(request)):
            body = await read_body(request, limits.body_bytes, limits.inflated_bytes, limits.body_seconds)
            try:
                return read_json(body)
            except Faults as wrong:
                raise problem_of(wrong.faults) from None

    def _most(self, request: web.Request) -> int:
        declared = request.content_length
        sent = self._limits.body_bytes if declared is None else min(declared, self._limits.body_bytes)
        if "Content-Encoding" in request.headers:
            return min(sent * DEFLATE_MOST, self._limits.inflated_bytes)
        return sent


def _require_json(request: web.Request) -> None:
    kind = request.content_type
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Problem(
            UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json", headers={"Accept": "application/json"}
        )
    charset = request.charset
    if charset is not None and charset.lower() not in ("utf-8", "utf8"):
        raise Problem(UNSUPPORTED_MEDIA_TYPE, "JSON is sent as UTF-8 (RFC 8259 section 8.1)")
