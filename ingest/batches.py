"""The road of a request with one item or a list of them, from its bytes to the answer."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ingest.admission import Admission, Caller
from ingest.carrying import Carrier
from ingest.metrics import ItemMetrics
from ingest.problems import BATCH_TOO_LONG, EMPTY_BATCH
from ingest.responses import answer, outcomes
from runtime.http.body_reader import BodyReader
from runtime.http.problem import INTERNAL_ERROR, Problem

Admit = Callable[[web.Request], Awaitable[Caller]]
"""Who sent a request. Raises Problem."""


class _Batch:
    """The items of one request."""

    __slots__ = ("items", "single")

    def __init__(self, document: Any) -> None:
        self.single = not isinstance(document, list)
        self.items: list[Any] = [document] if self.single else document

    def place(self, index: int) -> str:
        """The pointer of an item in the body."""
        return "" if self.single else f"/{index}"


class BatchRoad:
    """Takes requests with items of one kind.

    Every item is either acknowledged by Kafka before the answer says so, or named in the answer as refused.
    """

    def __init__(
        self,
        carrier: Carrier,
        *,
        admit: Admit,
        admission: Admission,
        bodies: BodyReader,
        metrics: ItemMetrics,
        most_items: int,
    ) -> None:
        self._carrier = carrier
        self._admit = admit
        self._admission = admission
        self._bodies = bodies
        self._metrics = metrics
        self._most_items = most_items

    async def post(self, request: web.Request) -> web.Response:
        """The handler of the route."""
        began = time.perf_counter()
        items = 1
        try:
            caller = await self._admit(request)
            batch = _Batch(await self._bodies.read(request))
            items = max(1, len(batch.items))
            self._check_length(batch)
            self._admission.spend(caller, items)
            traceparent = request.headers.get("traceparent")
            results = await self._carrier.carry(batch.items, caller, traceparent, batch.place)
        except Problem as problem:
            self._metrics.refused(problem.slug, items)
            raise
        except BaseException:  # also when the client leaves: what came in is in the books
            self._metrics.refused(INTERNAL_ERROR.slug, items)
            raise
        self._metrics.answered(outcomes(results), time.perf_counter() - began)
        return answer(results, single=batch.single)

    def _check_length(self, batch: _Batch) -> None:
        if not batch.items:
            raise Problem(EMPTY_BATCH, "the list has no items")
        if len(batch.items) > self._most_items:
            raise Problem(BATCH_TOO_LONG, f"a list has up to {self._most_items} items, not {len(batch.items)}")
