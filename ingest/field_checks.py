"""Checks of single values as JSON has them. Each returns the value as the domain wants it, or raises Faults."""

import math
from typing import Any

from access.problems import BAD_ID
from domain.ids import ID_RULE, is_id
from domain.instants import InstantError, Micros, parse_rfc3339
from domain.ping import Attributes
from ingest.problems import BAD_ATTRIBUTES, BAD_TIME, TIME_WITHOUT_ZONE
from runtime.http.faults import Fault, Faults, fault
from runtime.http.json_problems import OUT_OF_RANGE
from runtime.http.value_checks import text_of, wrong_type

MAX_ATTRIBUTES = 64
MAX_ATTRIBUTE_NAME = 64
MAX_TEXT_BYTES = 1_024
MAX_TIME_CHARACTERS = 64
INT64_MAX = 2**63 - 1
SAFE_INTEGER_MAX = 2**53 - 1  # what JavaScript clients, who are shown versions, can tell apart (RFC 8259, section 6)
ENTITY_KINDS = ("order", "asset")


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
