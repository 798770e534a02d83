"""Filters of tags mean what they mean to the official clients."""

from typing import Any

import msgspec
import pytest

from push_service.gateway.channels.tag_filter import MAX_NODES, tag_filter
from push_service.gateway.protocol.commands import FilterNode
from push_service.gateway.protocol.errors import CommandError

TAGS = {"team": "eng", "level": "12.5", "city": "Liverpool"}


def matches(**node: Any) -> bool:
    return tag_filter(msgspec.convert(node, FilterNode))(TAGS)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"key": "team", "cmp": "eq", "val": "eng"}, True),
        ({"key": "team", "cmp": "eq", "val": "ops"}, False),
        ({"key": "none", "cmp": "eq", "val": "eng"}, False),
        ({"key": "team", "cmp": "neq", "val": "ops"}, True),
        ({"key": "none", "cmp": "neq", "val": "ops"}, True),
        ({"key": "team", "cmp": "in", "vals": ["eng", "ops"]}, True),
        ({"key": "team", "cmp": "nin", "vals": ["eng", "ops"]}, False),
        ({"key": "none", "cmp": "nin", "vals": ["eng"]}, True),
        ({"key": "team", "cmp": "ex"}, True),
        ({"key": "none", "cmp": "nex"}, True),
        ({"key": "city", "cmp": "sw", "val": "Liver"}, True),
        ({"key": "city", "cmp": "ew", "val": "pool"}, True),
        ({"key": "city", "cmp": "ct", "val": "erp"}, True),
        ({"key": "city", "cmp": "ct", "val": "xyz"}, False),
        ({"key": "level", "cmp": "gt", "val": "9"}, True),
        ({"key": "level", "cmp": "gte", "val": "12.50"}, True),
        ({"key": "level", "cmp": "lt", "val": "12.5"}, False),
        ({"key": "level", "cmp": "lte", "val": "100"}, True),
        ({"key": "city", "cmp": "lt", "val": "1"}, False),
        ({"key": "none", "cmp": "gt", "val": "1"}, False),
        ({"key": "level", "cmp": "gt", "val": "many"}, False),
    ],
)
def test_comparisons(node: dict[str, Any], expected: bool) -> None:
    assert matches(**node) is expected
    assert matches(op="not", nodes=[node]) is not expected
    assert matches(op="and", nodes=[node, {"key": "team", "cmp": "ex"}]) is expected
    assert matches(op="or", nodes=[node, {"key": "team", "cmp": "nex"}]) is expected


@pytest.mark.parametrize(
    "node",
    [
        {},
        {"key": "team", "cmp": "like", "val": "x"},
        {"key": "team", "cmp": "eq"},
        {"cmp": "eq", "val": "x"},
        {"key": "team", "cmp": "in", "val": "x"},
        {"key": "team", "cmp": "ex", "val": "x"},
        {"op": "and"},
        {"op": "not", "nodes": [{"key": "a", "cmp": "ex"}, {"key": "b", "cmp": "ex"}]},
        {"op": "xor", "nodes": [{"key": "a", "cmp": "ex"}]},
        {"op": "or", "nodes": [{"key": "a", "cmp": "ex"}] * MAX_NODES},
    ],
)
def test_what_is_not_well_formed_or_too_large_is_refused(node: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        matches(**node)
