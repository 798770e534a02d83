"""A well-behaved client of the public HTTP API: when told to wait it sends again, with the same ids."""

import asyncio
import email.utils
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

_MOST_WAIT = 30.0
"""Seconds. A server that asks for more is asked again after this."""
_BUSY = frozenset({408, 429, 502, 503, 504})
_MOST_ANSWER = 8 * 1024 * 1024


class ApiUnreachableError(Exception):
    """The API did not take the request within the client's patience. Sending it again with the same ids is safe."""


class ApiRefusedError(Exception):
    """The API refused the request as a whole; sending it again would be refused again."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(f"{status} {title}: {detail}" if detail else f"{status} {title}")
        self.status = status
        self.title = title


class Problem(msgspec.Struct):
    """What was wrong with one item (RFC 9457)."""

    title: str = ""
    detail: str = ""
    type: str = ""
    errors: list[dict[str, Any]] = []

    @property
    def reason(self) -> str:
        """In few words: the part of `type` that names the problem, else the title."""
        return self.type.rstrip("/").rpartition("/")[2].rpartition("#")[2] or self.title or "refused"


class ItemResult(msgspec.Struct):
    """What became of one item."""

    status: str
    id: str | None = None
    flags: list[str] = []
    problem: Problem | None = None


class _Answer(msgspec.Struct):
    results: list[ItemResult]


@dataclass
class Endurance:
    """How often a request had to be sent again, by reason."""

    retries: dict[str, int] = field(default_factory=dict)

    def count(self, reason: str) -> None:
        self.retries[reason] = self.retries.get(reason, 0) + 1


class PublicApi:
    """Posts to one ingest address with one credential. `patience` is in seconds for each request, retries included."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, credential: str, fleet: str | None, *, patience: float = 300.0
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {credential}", "Content-Type": "application/json"}
        self._query = {"fleet": fleet} if fleet else {}
        self._patience = patience
        self.endurance = Endurance()

    async def post_pings(self, pings: Sequence[dict[str, Any]]) -> list[ItemResult]:
        """One result for each ping, in order.

        Raises:
            ApiRefusedError: all were refused, for a reason that is not in one of them.
            ApiUnreachableError: no answer within the client's patience.
        """
        return await self._post_items("/v1/pings", pings)

    async def post_status_changes(self, changes: Sequence[dict[str, Any]]) -> list[ItemResult]:
        """As `post_pings`."""
        return await self._post_items("/v1/status-changes", changes)

    async def post_notifications(self, requests: Sequence[dict[str, Any]]) -> list[ItemResult]:
        """As `post_pings`."""
        return await self._post_items("/v1/notifications", requests)

    async def put_reference(self, kind: str, entry_id: str, entry: dict[str, Any]) -> None:
        """Writes one entry of reference data. Raises as `post_pings`."""
        status, body = await self._send("PUT", f"/v1/reference/{kind}/{entry_id}", msgspec.json.encode(entry))
        if status >= 300:
            raise _refusal(status, body)

    async def _post_items(self, path: str, items: Sequence[dict[str, Any]]) -> list[ItemResult]:
        status, body = await self._send("POST", path, msgspec.json.encode(items))
        try:
            results = msgspec.json.decode(body, type=_Answer).results
        except msgspec.MsgspecError:
            raise _refusal(status, body) from None
        if len(results) != len(items):
            raise ApiRefusedError(
                status, "an answer that fits no request", f"{len(results)} results, {len(items)} items"
            )
        return results

    async def _send(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        deadline = time.monotonic() + self._patience
        for attempt in range(1_000_000):
            wait, reason = 0.0, ""
            try:
                async with self._session.request(
                    method, self._url + path, data=body, headers=self._headers, params=self._query
                ) as answer:
                    content = await answer.content.read(_MOST_ANSWER)
                    if answer.status not in _BUSY:
                        return answer.status, content
                    reason, wait = str(answer.status), _retry_after(answer.headers.get("Retry-After"))
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                reason = type(error).__name__
            wait = min(_MOST_WAIT, max(wait, min(5.0, 0.1 * 2**attempt)) * random.uniform(1.0, 1.2))
            if time.monotonic() + wait > deadline:
                raise ApiUnreachableError(f"{method} {path}: still {reason} after {self._patience:.0f} s")
            self.endurance.count(reason)
            await asyncio.sleep(wait)
        raise AssertionError("the deadline comes first")


def _retry_after(value: str | None) -> float:
    """Seconds to wait: the header is a number or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0


def _refusal(status: int, body: bytes) -> ApiRefusedError:
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.MsgspecError:
        problem = Problem()
    return ApiRefusedError(status, problem.title or "no reason given", problem.detail)
