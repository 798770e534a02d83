"""Reads JSON strictly: what is ambiguous or not in RFC 8259 is refused, and the answer says where.

The standard library's decoder, with hooks: each ping of a list takes 2.6 us (with msgspec 0.7 us, but that silently
takes the last of two equal names). The search for the place of a fault is made only when there is one.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from runtime.http.faults import MAX_FAULTS, Fault, Faults, escaped
from runtime.http.json_problems import (
    DUPLICATE_NAMES,
    INVALID_JSON,
    INVALID_UTF8,
    JSON_TOO_DEEP,
    NON_FINITE_NUMBER,
    TOO_MANY_VALUES,
)

MAX_VALUES = 300_000
"""Counted by the characters that begin or separate values, before anything is made of them: 10 MiB of `{},` would be
250 MB of objects, and hold up everybody else for a second. A list of 1,000 pings has some 12,000."""

_LONGEST_WHOLE = 20  # characters of -9223372036854775808
_BEYOND = 10**30  # stands for every longer number: no field takes one of these, and its check says so


def read_json(body: bytes) -> Any:
    """The value of a JSON document. Raises Faults."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise Faults([Fault(TOO_MANY_VALUES, f"the document has over {MAX_VALUES} values")])
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Faults([Fault(INVALID_UTF8, f"byte {error.start} is not UTF-8")]) from None
    reading = _Reading()
    try:
        value = reading.decoder.decode(text)
    except json.JSONDecodeError as error:
        detail = "the body is empty" if not text.strip() else error.msg[:1].lower() + error.msg[1:]
        raise Faults([Fault(INVALID_JSON, f"line {error.lineno}, column {error.colno}: {detail}")]) from None
    except RecursionError:
        raise Faults([Fault(JSON_TOO_DEEP, "the document is nested too deeply")]) from None
    if reading.suspicious:
        raise Faults(islice(_search(value), MAX_FAULTS))
    return value


class _NotANumber:
    """Stands where NaN or an infinity stood."""


class _Ambiguous(dict[str, Any]):
    """An object that has a name twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.twice = sorted({name for name, _ in pairs if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
        self.pairs = pairs


class _Reading:
    """One document being read."""

    def __init__(self) -> None:
        self.suspicious = False
        self.decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_constant=self._constant, parse_int=_whole_number
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) == len(pairs):
            return value
        self.suspicious = True
        return _Ambiguous(pairs)

    def _constant(self, _name: str) -> _NotANumber:
        self.suspicious = True
        return _NotANumber()


def _whole_number(text: str) -> int:
    return int(text) if len(text) <= _LONGEST_WHOLE else _BEYOND if text[0] != "-" else -_BEYOND


def _search(document: Any) -> Iterator[Fault]:
    """The places of what is suspicious. With a stack of its own, for the document may be as deep as the decoder goes;
    and only what is found gets its pointer, for there may be as many places as bytes."""
    path: list[str | int] = []
    stack: list[Iterator[tuple[str | int, Any]]] = []
    value = document
    while True:
        if isinstance(value, _NotANumber):
            yield Fault(NON_FINITE_NUMBER, "NaN and infinities are not JSON", _pointer(path))
        elif isinstance(value, _Ambiguous):
            for name in value.twice:
                yield Fault(DUPLICATE_NAMES, "the name stands twice in its object", _pointer([*path, name]))
        stack.append(_children(value))
        path.append("")
        while (child := next(stack[-1], None)) is None:
            stack.pop()
            path.pop()
            if not stack:
                return
        path[-1], value = child


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, _Ambiguous):
        return iter(value.pairs)
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value) if isinstance(value, list) else ())


def _pointer(path: list[str | int]) -> str:
    return "".join(f"/{escaped(step)}" for step in path)
