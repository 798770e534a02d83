"""Checks of single values as JSON has them. Each returns the value, or raises Faults."""

from collections.abc import Callable, Collection
from typing import Any

from runtime.http.faults import Fault, Faults, fault
from runtime.http.json_problems import BAD_TEXT, OUT_OF_RANGE, WRONG_TYPE

Check = Callable[[Any], Any]


def json_type(value: Any) -> str:
    """What JSON calls the value's type."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def wrong_type(expected: str, value: Any) -> Faults:
    """To be raised."""
    return fault(WRONG_TYPE, f"expected {expected}, not {json_type(value)}")


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


def boolean(value: Any) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise wrong_type("a boolean", value)
    return value


def one_of(words: Collection[str]) -> Check:
    """One of these texts."""
    listed = ", ".join(words)

    def check(value: Any) -> str:
        if type(value) is not str:
            raise wrong_type("a string", value)
        if value not in words:
            raise fault(OUT_OF_RANGE, f"expected one of {listed}")
        return value

    return check


def list_of_values(each: Check, most: int) -> Check:
    """A list of such values."""

    def check(value: Any) -> list[Any]:
        if type(value) is not list:
            raise wrong_type("an array", value)
        if len(value) > most:
            raise fault(OUT_OF_RANGE, f"the array has over {most} items")
        found: list[Any] = []
        faults: list[Fault] = []
        for index, item in enumerate(value):
            try:
                found.append(each(item))
            except Faults as wrong:
                faults += wrong.under(index)
        if faults:
            raise Faults(faults)
        return found

    return check
