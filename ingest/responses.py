"""What became of each item, and the answer to the whole request."""

from collections import Counter as Tally
from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from backbone.publishing import PublishFailed
from backbone.record import Ack
from ingest.metrics import ACCEPTED
from ingest.problems import NOT_STORABLE, UNAVAILABLE
from runtime.http.json_problems import INVALID_ITEM
from runtime.http.problem import CONTENT_TYPE, FieldError, Problem

RETRY_SECONDS = 2
MAX_ERRORS = 100
"""As many errors stand in the answer to a batch of which nothing was taken; each item's result has its own."""


class Accepted(msgspec.Struct, frozen=True):
    """Kafka has the item."""

    id: str
    flags: Sequence[str] = ()


Result = Accepted | Problem
"""A Problem is that of an item: UNAVAILABLE, or why it was refused."""


def settled(accepted: Accepted, outcome: Ack | PublishFailed) -> Result:
    """The result of an item that was published."""
    if isinstance(outcome, Ack):
        return accepted
    if outcome.retryable:
        return Problem(UNAVAILABLE, f"not stored: {outcome.reason}")
    return Problem(NOT_STORABLE, f"not stored: {outcome.reason}")


def outcomes(results: Sequence[Result]) -> Tally[str]:
    """How often each outcome, as metrics name it."""
    return Tally(ACCEPTED if isinstance(each, Accepted) else each.slug for each in results)


def answer(results: Sequence[Result], *, single: bool) -> web.Response:
    """The answer to a request with these results.

    202 if anything was taken. 503 if Kafka failed for any item: the client sends all of them again with the same ids.
    Else the status of the problem that all items share, or 400. `single`: the request was one object, not a list.
    """
    problems = [each for each in results if isinstance(each, Problem)]
    if not problems:
        return web.Response(status=202, body=_body({}, results), content_type="application/json")
    unavailable = [each for each in problems if each.type is UNAVAILABLE]
    if unavailable:
        problem = Problem(
            UNAVAILABLE,
            f"{unavailable[0].detail} ({len(unavailable)} of {len(results)}); send the request again with the same ids",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )
    elif len(problems) < len(results):
        return web.Response(status=202, body=_body({}, results), content_type="application/json")
    elif single:
        return problems[0].to_response()
    else:
        problem = _of_all(problems)
    return web.Response(
        status=problem.status,
        body=_body(problem.document(), results),
        content_type=CONTENT_TYPE,
        headers=problem.headers,
    )


def _of_all(problems: Sequence[Problem]) -> Problem:
    """The problem of a batch of which every item was refused."""
    kinds = {each.type for each in problems}
    kind = kinds.pop() if len(kinds) == 1 else INVALID_ITEM
    errors: list[FieldError] = [error for each in problems for error in each.errors]
    return Problem(kind, f"none of the {len(problems)} items was taken, see results", errors=errors[:MAX_ERRORS])


def _body(document: dict[str, Any], results: Sequence[Result]) -> bytes:
    accepted = sum(isinstance(each, Accepted) for each in results)
    document |= {
        "accepted": accepted,
        "refused": len(results) - accepted,
        "results": [_result(each) for each in results],
    }
    return msgspec.json.encode(document)


def _result(result: Result) -> dict[str, Any]:
    if isinstance(result, Accepted):
        return {"status": "accepted", "id": result.id, "flags": result.flags}
    status = "unavailable" if result.type is UNAVAILABLE else "refused"
    return {"status": status, "problem": result.document()}
