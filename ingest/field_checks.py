"""Checks of single values as JSON has them. Each returns the value as the domain wants it, or raises Faults."""

import math
from collections.abc import Callable
from typing import Any

from domain.ids import ID_RULE, is_id
from domain.instants import InstantError, Micros, parse_rfc3339
from domain.ping import Attributes
from ingest.faults import Fault, Faults, fault
from ingest.problems import (
    BAD_ATTRIBUTES,
    BAD_ID,
    BAD_TEXT,
    BAD_TIME,
    OUT_OF_RANGE,
    TIME_WITHOUT_ZONE,
    WRONG_TYPE,
)

Check = Callable[[Any], Any]

MAX_ATTRIBUTES = 64
MAX_ATTRIBUTE_NAME = 64
MAX_TEXT_BYTES = 1_024
MAX_TIME_CHARACTERS = 64
INT64_MAX = 2**63 - 1
SAFE_INTEGER_MAX = 2**53 - 1  # what JavaScript clients, who are shown versions, can tell apart (RFC 8259, section 6)
ENTITY_KINDS = ("order", "asset")


def json_type(value: Any) -> str:
    """What JSON calls the value's type."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def wrong_type(expected: str, value: Any) -> Faults:
    """To be raised."""
    return fault(WRONG_TYPE, f"expected {expected}, not {json_type(value)}")


def ident(value: Any) -> str:
    """An id."""
    if type(value) is not str:
        raise wrong_type("a string", value)
    if not is_id(value):
        raise fault(BAD_ID, f"an id is {ID_RULE}")
    return value


def entity(value: Any) -> str:
    """What has a status: `order/A-1001`, `asset/truck-7`."""
    if type(value) is not str:
        raise wrong_type("a string", value)
    kind, _, name = value.partition("/")
    if kind not in ENTITY_KINDS or not is_id(name):
        raise fault(BAD_ID, f"an entity is order/ or asset/ and an id, which is {ID_RULE}")
    return value


def text_of(low: int, high: int) -> Check:
    """A text of so many bytes in UTF-8 that PostgreSQL, Avro and JSON can all hold."""

    def check(value: Any) -> str:
        if type(value) is not str:
            raise wrong_type("a string", value)
        if "\0" in value:
            raise fault(BAD_TEXT, "the text has a NUL character")
        try:
            size = len(value) if value.isascii() else len(value.encode())
        except UnicodeEncodeError:
            raise fault(BAD_TEXT, "the text has half of a surrogate pair") from None
        if size > high:
            raise fault(BAD_TEXT, f"the text is over {high} bytes in UTF-8")
        if size < low:
            raise fault(BAD_TEXT, "the text is empty" if low == 1 else f"the text is under {low} bytes in UTF-8")
        return value

    return check


text = text_of(0, MAX_TEXT_BYTES)
"""A text of the usual length."""


def instant(value: Any) -> Micros:
    """An RFC 3339 date and time with a zone."""
    if type(value) is not str:
        raise wrong_type("a string", value)
    if len(value) > MAX_TIME_CHARACTERS:
        raise fault(BAD_TIME, "not an RFC 3339 date and time, such as 2026-01-26T15:57:02Z")
    try:
        return parse_rfc3339(value)
    except InstantError as error:
        raise fault(TIME_WITHOUT_ZONE if _lacks_zone(value) else BAD_TIME, str(error)) from None


def _lacks_zone(value: str) -> bool:
    try:
        parse_rfc3339(f"{value}Z")
    except InstantError:
        return False
    return True


def number(low: float, high: float, *, below: bool = False) -> Check:
    """A number from `low` to `high`, or to below it."""
    to = f"below {high:g}" if below else f"{high:g}"
    detail = f"expected a number from {low:g} to {to}"

    def check(value: Any) -> float:
        if type(value) is not float and type(value) is not int:
            raise wrong_type("a number", value)
        if not low <= value <= high or (below and value == high):
            raise fault(OUT_OF_RANGE, detail)
        return float(value)

    return check


def whole_number(low: int, high: int) -> Check:
    """A whole number from `low` to `high`."""

    def check(value: Any) -> int:
        if type(value) is not int:
            raise wrong_type("a whole number", value)
        if not low <= value <= high:
            raise fault(OUT_OF_RANGE, f"expected a whole number from {low} to {high}")
        return value

    return check


def attributes(value: Any) -> Attributes:
    """Flat facts: names and scalars."""
    if type(value) is not dict:
        raise wrong_type("an object", value)
    if len(value) > MAX_ATTRIBUTES:
        raise fault(BAD_ATTRIBUTES, f"there are over {MAX_ATTRIBUTES} attributes")
    faults: list[Fault] = []
    for name, each in value.items():
        try:
            _attribute_name(name)
            _attribute_value(each)
        except Faults as wrong:
            faults += wrong.under(name)
    if faults:
        raise Faults(faults)
    return value


def _attribute_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_ATTRIBUTE_NAME:
        raise fault(BAD_ATTRIBUTES, f"the name of an attribute has 1 to {MAX_ATTRIBUTE_NAME} characters")
    text(name)


def _attribute_value(value: Any) -> None:
    kind = type(value)
    if kind is str:
        text(value)
    elif kind is int:
        if not -INT64_MAX - 1 <= value <= INT64_MAX:
            raise fault(OUT_OF_RANGE, "a whole number has up to 64 bits, with its sign")
    elif kind is float:
        if not math.isfinite(value):
            raise fault(OUT_OF_RANGE, "the number is too large")
    elif value is not None and kind is not bool:
        raise wrong_type("a string, number, boolean or null", value)
