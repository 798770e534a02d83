"""Checks of the fields of a notification. Each returns the value as the domain wants it, or raises Faults."""

import json
import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

from domain.interests import INTEREST_RULE, is_interest
from domain.notification import Priority
from ingest.field_checks import INT64_MAX, ident
from ingest.problems import BAD_DATA, BAD_INTEREST, BAD_PRIORITY, EMPTY_LIST, TOO_MANY_USERS
from runtime.http.faults import MAX_FAULTS, Fault, Faults, fault
from runtime.http.json_problems import OUT_OF_RANGE
from runtime.http.value_checks import Check, text_of, wrong_type

MAX_TITLE_BYTES = 500
MAX_BODY_BYTES = 2_000
MAX_KEY_BYTES = 250
MAX_DATA_DEPTH = 16

title = text_of(1, MAX_TITLE_BYTES)
body = text_of(0, MAX_BODY_BYTES)
key = text_of(1, MAX_KEY_BYTES)
_name = text_of(0, 2**31)


def interest(value: Any) -> str:
    """The name of an interest."""
    if type(value) is not str:
        raise wrong_type("a string", value)
    if not is_interest(value):
        raise fault(BAD_INTEREST, f"the name of an interest is {INTEREST_RULE}")
    return value


def priority(value: Any) -> str:
    """How urgent."""
    if type(value) is not str:
        raise wrong_type("a string", value)
    if value not in tuple(Priority):
        raise fault(BAD_PRIORITY, f"the priority is {' or '.join(Priority)}")
    return value


def users(most: int) -> Check:
    """Ids of users; one that is named twice counts once."""

    def check(value: Any) -> list[str]:
        if type(value) is not list:
            raise wrong_type("an array", value)
        if not value:
            raise fault(EMPTY_LIST, "the list has no users")
        if len(value) > most:
            raise fault(TOO_MANY_USERS, f"one notification names up to {most} users, not {len(value)}")
        faults: list[Fault] = []
        for index, each in enumerate(value):
            try:
                ident(each)
            except Faults as wrong:
                faults += wrong.under(index)
        if faults:
            raise Faults(faults)
        return list(dict.fromkeys(value))

    return check


def data(most: int) -> Check:
    """An object of an app's own, as JSON text of up to so many bytes in UTF-8."""

    def check(value: Any) -> bytes:
        if type(value) is not dict:
            raise wrong_type("an object", value)
        faults = list(islice(_faults(value, 1), MAX_FAULTS))
        if faults:
            raise Faults(faults)
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        if len(written) > most:
            raise fault(BAD_DATA, f"the object has {len(written)} bytes as JSON, over {most}")
        return written

    return check


def _faults(value: Any, depth: int) -> Iterator[Fault]:
    if isinstance(value, dict | list):
        if depth > MAX_DATA_DEPTH:
            yield Fault(BAD_DATA, f"it is nested over {MAX_DATA_DEPTH} deep")
            return
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(step, str):
                yield from _under(step, _text_faults(step))
            yield from _under(step, _faults(each, depth + 1))
    elif isinstance(value, str):
        yield from _text_faults(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield Fault(OUT_OF_RANGE, "the number is too large")
    elif isinstance(value, int) and not -INT64_MAX - 1 <= value <= INT64_MAX:
        yield Fault(OUT_OF_RANGE, "a whole number has up to 64 bits, with its sign")


def _text_faults(value: str) -> Iterator[Fault]:
    try:
        _name(value)
    except Faults as wrong:
        yield from wrong.faults


def _under(step: str | int, faults: Iterator[Fault]) -> Iterator[Fault]:
    for each in faults:
        yield from Faults([each]).under(step)
