"""JSON is read strictly, and every refusal says where."""

import contextlib
import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.http.faults import MAX_FAULTS, Faults
from runtime.http.json_reader import read_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def refused(body: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Faults) as raised:
        read_json(body)
    return sorted((each.type.slug, each.pointer) for each in raised.value.faults)


@given(JSON)
def test_what_is_json_is_read_as_it_is(value: Any) -> None:
    assert read_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_in_another_way(body: bytes) -> None:
    with contextlib.suppress(Faults):
        read_json(body)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "line 1, column 1: the body is empty"),
        (b"  \n ", "line 2, column 2: the body is empty"),
        (b'{"a": 1,\n "b": }', "line 2, column 7: expecting value"),
        (b'{"a": 1} x', "line 1, column 10: extra data"),
        (b"{'a': 1}", "line 1, column 2: expecting property name enclosed in double quotes"),
        (b'{"a": 01}', "line 1, column 8: expecting ',' delimiter"),
        (b'["a\tb"]', "line 1, column 4: invalid control character at"),
        (b'["\\x"]', "line 1, column 3: invalid \\escape"),
        (b"\xef\xbb\xbf{}", "line 1, column 1: expecting value"),
    ],
)
def test_what_is_not_json_says_at_which_line_and_column(body: bytes, detail: str) -> None:
    with pytest.raises(Faults) as raised:
        read_json(body)
    (fault,) = raised.value.faults
    assert (fault.type.slug, fault.detail) == ("invalid-json", detail)


def test_bytes_that_are_not_utf8_are_counted() -> None:
    with pytest.raises(Faults) as raised:
        read_json(b'{"a": "\xff"}')
    assert (raised.value.faults[0].type.slug, raised.value.faults[0].detail) == ("invalid-utf8", "byte 7 is not UTF-8")
    assert refused(b'"\xed\xa0\x80"') == [("invalid-utf8", "")], "a surrogate, encoded as if it were a character"
    assert refused(b'"\xc0\x80"') == [("invalid-utf8", "")], "NUL in two bytes"


def test_numbers_that_are_none_are_pointed_at() -> None:
    body = b'[{"lat": 1}, {"lat": NaN, "attributes": {"x/y": [Infinity, -Infinity]}}]'
    places = ["/1/attributes/x~1y/0", "/1/attributes/x~1y/1", "/1/lat"]
    assert refused(body) == [("non-finite-number", each) for each in places]
    assert refused(b"NaN") == [("non-finite-number", "")]


def test_names_that_stand_twice_are_pointed_at_also_where_one_hides_the_other() -> None:
    assert refused(b'{"lat": 1, "lat": 1}') == [("duplicate-names", "/lat")]
    assert refused(b'[{}, {"a": {"x": 1, "x": 2, "x": 3}, "b": 1, "b": 2}]') == [
        ("duplicate-names", "/1/a/x"),
        ("duplicate-names", "/1/b"),
    ]
    assert ("duplicate-names", "/a/x") in refused(b'{"a": {"x": 1, "x": 2}, "a": 1}')
    assert refused(b'{"\\u006cat": 1, "lat": 2}') == [("duplicate-names", "/lat")]
    assert refused(b'[{"a": [{}, {}], "b": {"c": {"d": NaN}}, "e": NaN}, 1]') == [
        ("non-finite-number", "/0/b/c/d"),
        ("non-finite-number", "/0/e"),
    ]
    assert refused(b'{"a": 1, "a": NaN}') == [("duplicate-names", "/a"), ("non-finite-number", "/a")]


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deep_nesting_is_an_answer_and_not_a_crash(opening: bytes) -> None:
    assert refused(opening * 100_000) == [("json-too-deep", "")]


def test_a_deep_document_with_a_fault_inside_is_searched_without_recursion() -> None:
    depth = 500
    ((slug, pointer),) = refused(b"[" * depth + b"NaN" + b"]" * depth)
    assert (slug, pointer) == ("non-finite-number", "/0" * depth)


def test_what_is_told_of_a_document_is_bounded() -> None:
    assert len(refused(b"[" + b"NaN," * 100_000 + b"1]")) == MAX_FAULTS


@pytest.mark.parametrize("value", [b"{},", b"[],", b"1,"])
def test_a_document_of_very_many_values_is_refused_before_it_is_made(value: bytes) -> None:
    began = time.process_time()
    assert refused(b"[" + value * (10 * 1024**2 // len(value)) + b"1]") == [("too-many-values", "")]
    assert time.process_time() - began < 0.5
    assert len(read_json(b"[" + value * 1_000 + b"1]")) == 1_001


def test_huge_numbers_cost_no_time_and_stay_beyond_every_range() -> None:
    value = read_json(b"[1e400, -1e400, " + b"9" * 1_000_000 + b", -" + b"9" * 1_000_000 + b"]")
    assert value[:2] == [math.inf, -math.inf]
    assert value[2] > 2**64
    assert value[3] < -(2**64)
    assert read_json(b"[9223372036854775807, -9223372036854775808]") == [2**63 - 1, -(2**63)]
