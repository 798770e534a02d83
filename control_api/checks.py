"""Checks of values that are named as the domain names things."""

from typing import Any

from access.problems import BAD_ID
from domain.ids import ID_RULE, is_id
from runtime.http.faults import fault
from runtime.http.value_checks import wrong_type


def identifier(value: Any) -> str:
    """An id."""
    if type(value) is not str:
        raise wrong_type("a string", value)
    if not is_id(value):
        raise fault(BAD_ID, f"an id is {ID_RULE}")
    return value
