"""A route: what it takes and gives, for serving it and for the OpenAPI document."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from aiohttp import web

from runtime.http.problem import ProblemType

Schema = dict[str, Any]


class Param(NamedTuple):
    """A part of the path, or a parameter of the query. `read` raises ValueError, whose message is the rule."""

    name: str
    read: Callable[[str], Any]
    schema: Schema
    doc: str


class Body(Protocol):
    """What a body must look like: in practice a Shape."""

    @property
    def name(self) -> str: ...

    def read(self, value: Any) -> Any:
        """Raises Faults."""

    def schema(self) -> Schema: ...


class Door(Protocol):
    """Lets callers in."""

    @property
    def scheme(self) -> str:
        """Names how they show who they are, in the OpenAPI document."""

    @property
    def problems(self) -> tuple[ProblemType, ...]: ...

    async def admit(self, request: web.Request) -> Any:
        """Who asks. Raises Problem."""


class Asked(NamedTuple):
    """A request that was let in and read."""

    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any


class Answered(NamedTuple):
    """`document`: JSON; None for an answer without a body."""

    status: int
    document: Any = None


class Answer(NamedTuple):
    """A good answer, as the OpenAPI document has it. `schema` None: without a body."""

    status: int
    doc: str
    schema: Schema | None = None


Handler = Callable[[Any, Asked], Awaitable[Answered]]


@dataclass(frozen=True)
class Route:
    """`handler` gets whom the door has let in; it raises Problem, or OutageError for 503."""

    method: str
    path: str
    operation: str
    summary: str
    handler: Handler
    door: Door
    answers: tuple[Answer, ...]
    doc: str = ""
    parts: tuple[Param, ...] = ()
    query: tuple[Param, ...] = ()
    body: Body | None = None
    problems: tuple[ProblemType, ...] = field(default=())
