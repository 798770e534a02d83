"""Parameters that several routes have."""

from collections.abc import Callable

from control_api.route import Param
from domain.ids import ID_RULE, check_id
from domain.instants import InstantError, Micros, parse_rfc3339

ID_SCHEMA = {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,128}$"}
_LONGEST = 19


def id_part(name: str, doc: str) -> Param:
    """An id in the path."""
    return Param(name, check_id, ID_SCHEMA, f"{doc} {ID_RULE}.")


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= _LONGEST and low <= int(text) <= high:
            return int(text)
        raise ValueError(f"expected a whole number from {low} to {high}")

    return read


def limit_param(most: int) -> Param:
    """How many items a page has."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": min(50, most)}
    return Param("limit", whole(1, most), schema, "Items of a page.")


def truth(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("expected true or false")
    return text == "true"


def instant(text: str) -> Micros:
    """An RFC 3339 date and time."""
    try:
        return parse_rfc3339(text[:64])
    except InstantError as error:
        raise ValueError(str(error)) from None
