"""The road of a request with one item or a list of them, from its bytes to the answer."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ingest.admission import Admission, Caller
from ingest.body_reader import BodyReader
from ingest.event_times import Clock
from ingest.faults import Faults, problem_of
from ingest.intake import Intake, Taken
from ingest.metrics import ItemMetrics
from ingest.problems import BATCH_TOO_LONG, EMPTY_BATCH
from ingest.publishing import EventPublisher
from ingest.responses import Accepted, Result, answer, outcomes, settled
from runtime.http.problem import INTERNAL_ERROR, Problem

Handler = Callable[[web.Request], Awaitable[web.Response]]


class _Batch:
    """The items of one request."""

    __slots__ = ("items", "single")

    def __init__(self, document: Any) -> None:
        self.single = not isinstance(document, list)
        self.items: list[Any] = [document] if self.single else document


class BatchRoad:
    """Takes requests with items of one kind.

    Every item is either acknowledged by Kafka before the answer says so, or named in the answer as refused.
    """

    def __init__(
        self,
        intake: Intake,
        *,
        admission: Admission,
        bodies: BodyReader,
        publisher: EventPublisher,
        metrics: ItemMetrics,
        most_items: int,
        now: Clock,
    ) -> None:
        self._intake = intake
        self._admission = admission
        self._bodies = bodies
        self._publisher = publisher
        self._metrics = metrics
        self._most_items = most_items
        self._now = now

    async def post(self, request: web.Request) -> web.Response:
        """The handler of the route."""
        began = time.perf_counter()
        items = 1
        try:
            caller = await self._admission.admit(request)
            batch = _Batch(await self._bodies.read(request))
            items = max(1, len(batch.items))
            self._check_length(batch)
            self._admission.spend(caller, items)
            results = await self._carry(batch, caller, request.headers.get("traceparent"))
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

    async def _carry(self, batch: _Batch, caller: Caller, traceparent: str | None) -> list[Result]:
        read = self._read(batch, caller)
        batch.items = []  # the answer of Kafka may take seconds: meanwhile only the records are held
        taken = [each for each in read if isinstance(each, Taken)]
        if not taken:
            return [each for each in read if isinstance(each, Problem)]
        published = iter(
            await self._publisher.publish(
                self._intake.topic, self._intake.event_type, [each.event for each in taken], caller.source, traceparent
            )
        )
        return [
            settled(Accepted(each.event.id, each.flags), next(published)) if isinstance(each, Taken) else each
            for each in read
        ]

    def _read(self, batch: _Batch, caller: Caller) -> list[Taken | Problem]:
        received_at = self._now()
        read: list[Taken | Problem] = []
        for index, item in enumerate(batch.items):
            try:
                read.append(self._intake.read(item, caller, received_at))
            except Faults as wrong:
                read.append(problem_of(wrong.faults, "" if batch.single else f"/{index}"))
        return read
