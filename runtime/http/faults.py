"""What is wrong with an item: which problem, where, and in words."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from runtime.http.json_problems import INVALID_ITEM
from runtime.http.problem import FieldError, Problem, ProblemType

MAX_FAULTS = 10
"""As many are told of one item; a person will look again after fixing these."""
_MAX_NAME = 64


class Fault(NamedTuple):
    """One thing that is wrong. `pointer` (RFC 6901) is relative to what was being read."""

    type: ProblemType
    detail: str
    pointer: str = ""


class Faults(Exception):
    """An item, or a part of it, is not what it must be."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__()
        self.faults = list(faults)

    def under(self, step: str | int) -> list[Fault]:
        """The faults as seen from one level up."""
        return [each._replace(pointer=f"/{escaped(step)}{each.pointer}") for each in self.faults]


def fault(kind: ProblemType, detail: str, pointer: str = "") -> Faults:
    """One fault, to be raised."""
    return Faults([Fault(kind, detail, pointer)])


def escaped(step: str | int) -> str:
    """A step of a JSON pointer. A name that is very long, or no valid text, is shown as well as can be."""
    if isinstance(step, int):
        return str(step)
    name = step if len(step) <= _MAX_NAME else f"{step[:_MAX_NAME]}..."
    return name.encode("utf-8", "backslashreplace").decode().replace("~", "~0").replace("/", "~1")


def problem_of(faults: Sequence[Fault], under: str = "") -> Problem:
    """One problem for all faults of an item, of their type if they share one. `under` is the item's own pointer."""
    kinds = {each.type for each in faults}
    kind = kinds.pop() if len(kinds) == 1 else INVALID_ITEM
    detail = faults[0].detail if len(faults) == 1 else f"{len(faults)} things are wrong, see errors"
    return Problem(kind, detail, errors=[_error(each, under) for each in faults[:MAX_FAULTS]])


def _error(fault: Fault, under: str) -> FieldError:
    return {"pointer": under + fault.pointer, "detail": fault.detail, "type": fault.type.uri}
