"""Conditions on a publication's tags, set by a subscriber: it is sent only what matches. Pure.

What operators mean is restated from centrifuge's tag filters (github.com/centrifugal/centrifuge, internal/filter).
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from push_service.gateway.protocol.commands import FilterNode
from push_service.gateway.protocol.errors import BAD_REQUEST, CommandError

Tags = Mapping[str, str]
Matches = Callable[[Tags], bool]

MAX_NODES = 64
_MAX_NUMBER = 40  # characters


def tag_filter(node: FilterNode) -> Matches:
    """Makes a test of the condition. Raises CommandError 107 for one that is not well-formed, or too large."""
    if _size(node, MAX_NODES) > MAX_NODES:
        raise CommandError(BAD_REQUEST)
    return _test(node)


def _size(node: FilterNode, most: int) -> int:
    """How many nodes there are; more than `most` are not counted out."""
    count, waiting = 0, [node]
    while waiting and count <= most:
        count += 1
        waiting += waiting.pop().nodes
    return count


def _test(node: FilterNode) -> Matches:
    if node.op == "":
        return _comparison(node)
    parts = [_test(each) for each in node.nodes]
    if node.op == "and" and parts:
        return lambda tags: all(part(tags) for part in parts)
    if node.op == "or" and parts:
        return lambda tags: any(part(tags) for part in parts)
    if node.op == "not" and len(parts) == 1:
        return lambda tags: not parts[0](tags)
    raise CommandError(BAD_REQUEST)


def _comparison(node: FilterNode) -> Matches:
    key, value, values = node.key, node.val, frozenset(node.vals)
    if node.cmp in ("ex", "nex"):
        _require(not value and not values)
        return (lambda tags: key in tags) if node.cmp == "ex" else (lambda tags: key not in tags)
    _require(bool(key))
    if node.cmp in ("in", "nin"):
        _require(bool(values) and not value)
        if node.cmp == "in":
            return lambda tags: tags.get(key, "") in values
        return lambda tags: tags.get(key, "") not in values
    _require(bool(value) and not values)
    text = _TEXT.get(node.cmp)
    if text is not None:
        return lambda tags: key in tags and text(tags[key], value)
    if node.cmp == "neq":
        return lambda tags: tags.get(key) != value
    number = _NUMBER.get(node.cmp)
    _require(number is not None)
    assert number is not None
    bound = _number(value)
    return lambda tags: bound is not None and (found := _number(tags.get(key, ""))) is not None and number(found, bound)


def _require(met: bool) -> None:  # noqa: FBT001 a condition, and nothing else
    if not met:
        raise CommandError(BAD_REQUEST)


def _number(text: str) -> Decimal | None:
    if len(text) > _MAX_NUMBER:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


_TEXT: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda found, wanted: found == wanted,
    "sw": lambda found, wanted: found.startswith(wanted),
    "ew": lambda found, wanted: found.endswith(wanted),
    "ct": lambda found, wanted: wanted in found,
}
_NUMBER: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "lt": lambda found, bound: found < bound,
    "lte": lambda found, bound: found <= bound,
    "gt": lambda found, bound: found > bound,
    "gte": lambda found, bound: found >= bound,
}
