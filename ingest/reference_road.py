"""The road of reference data: one entry, put or deleted by its kind and id."""

import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from access.grants import require_backend
from access.problems import BAD_ID
from domain.ids import ID_RULE, is_id
from domain.reference import ReferenceKind, reference_key
from ingest.admission import Admission, Caller
from ingest.event_times import Clock
from ingest.metrics import ItemMetrics
from ingest.problems import UNKNOWN_KIND
from ingest.publishing import EventPublisher, Outcome
from ingest.reference_intake import SHAPES, read_reference
from ingest.responses import Accepted, answer, outcomes, settled
from runtime.http.body_reader import BodyReader
from runtime.http.faults import Faults, problem_of
from runtime.http.problem import INTERNAL_ERROR, Problem


class ReferenceRoad:
    """Takes entries of reference data from back ends. The last one for a kind, fleet and id counts."""

    def __init__(
        self,
        *,
        admission: Admission,
        bodies: BodyReader,
        publisher: EventPublisher,
        metrics: ItemMetrics,
        now: Clock,
    ) -> None:
        self._admission = admission
        self._bodies = bodies
        self._publisher = publisher
        self._metrics = metrics
        self._now = now

    async def put(self, request: web.Request) -> web.Response:
        """The handler of PUT."""
        return await self._counted(request, self._put)

    async def delete(self, request: web.Request) -> web.Response:
        """The handler of DELETE. Deleting what is not there is no error: it is not there afterwards."""
        return await self._counted(request, self._delete)

    async def _counted(
        self, request: web.Request, act: "Callable[[web.Request, Caller, ReferenceKind, str], Awaitable[Outcome]]"
    ) -> web.Response:
        began = time.perf_counter()
        try:
            caller = await self._admission.admit(request)
            require_backend(caller.credential)
            kind, entry_id = _named(request)
            self._admission.spend(caller, 1)
            outcome = await act(request, caller, kind, entry_id)
        except Problem as problem:
            self._metrics.refused(problem.slug, 1)
            raise
        except BaseException:  # also when the client leaves: what came in is in the books
            self._metrics.refused(INTERNAL_ERROR.slug, 1)
            raise
        results = [settled(Accepted(entry_id), outcome)]
        self._metrics.answered(outcomes(results), time.perf_counter() - began)
        return answer(results, single=True)

    async def _put(self, request: web.Request, caller: Caller, kind: ReferenceKind, entry_id: str) -> Outcome:
        value = await self._bodies.read(request)
        try:
            record = read_reference(kind, entry_id, value, caller, self._now())
        except Faults as wrong:
            raise problem_of(wrong.faults) from None
        return await self._publisher.publish_reference(record, caller.source, request.headers.get("traceparent"))

    async def _delete(self, request: web.Request, caller: Caller, kind: ReferenceKind, entry_id: str) -> Outcome:
        key = reference_key(kind, caller.fleet, entry_id)
        return await self._publisher.delete_reference(
            key, self._now(), caller.source, request.headers.get("traceparent")
        )


def _named(request: web.Request) -> tuple[ReferenceKind, str]:
    kind, entry_id = request.match_info["kind"], request.match_info["id"]
    if kind not in SHAPES:
        raise Problem(UNKNOWN_KIND, f"the kinds are {', '.join(SHAPES)}")
    if not is_id(entry_id):
        raise Problem(BAD_ID, f"the id in the path is {ID_RULE}")
    return ReferenceKind(kind), entry_id
