"""Objects are read by their table of fields, and everything that is wrong is told at once."""

from typing import Any

import pytest

from ingest.field_checks import attributes, entity, ident, instant, text
from ingest.ping_intake import PING
from ingest.reference_intake import GEOFENCE, ORDER
from runtime.http.faults import MAX_FAULTS, Faults, escaped, problem_of
from runtime.http.shape import Shape
from runtime.http.value_checks import number, whole_number
from tests.ingest.rig import ping


def faults_of(check: Any, value: Any) -> list[tuple[str, str]]:
    with pytest.raises(Faults) as raised:
        check(value)
    return sorted((each.type.slug, each.pointer) for each in raised.value.faults)


def test_all_that_is_wrong_is_told_at_once() -> None:
    item = ping(lat="north", lon=181, speed=-1, extra=1, id="a/b", time="2026-01-26")
    del item["asset"]
    assert faults_of(PING.read, item) == [
        ("bad-id", "/id"),
        ("bad-time", "/time"),
        ("missing-field", "/asset"),
        ("out-of-range", "/lon"),
        ("out-of-range", "/speed"),
        ("unknown-field", "/extra"),
        ("wrong-type", "/lat"),
    ]


def test_null_is_absence_where_a_field_may_be_absent() -> None:
    assert "speed" not in PING.read(ping(speed=None))
    assert faults_of(PING.read, ping(lat=None)) == [("wrong-type", "/lat")]


@pytest.mark.parametrize("value", [None, 1, "x", [], True])
def test_what_is_no_object(value: Any) -> None:
    assert faults_of(PING.read, value) == [("wrong-type", "")]


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("lat", [-90, 90, 0, 53.4], [-90.001, 90.001, 1e308, 10**30, float("inf")]),
        ("lon", [-180, 180], [-180.001, 180.001]),
        ("heading", [0, 359.999], [360, -0.001, 361]),
        ("speed", [0, 1000], [-0.1, 1000.1]),
        ("battery", [0, 1, 0.5], [-0.01, 1.01, 83]),
        ("accuracy", [0, 10_000_000], [-1]),
        ("altitude", [-400, 12_000], [-20_001, 1e9]),
    ],
)
def test_the_ranges_of_a_ping(name: str, taken: list[float], refused: list[float]) -> None:
    for value in taken:
        assert PING.read(ping(**{name: value}))[name] == value
    for value in refused:
        assert faults_of(PING.read, ping(**{name: value})) == [("out-of-range", f"/{name}")]
    for wrong in ("1", True, [1], {"a": 1}):
        assert faults_of(PING.read, ping(**{name: wrong})) == [("wrong-type", f"/{name}")]


def test_ids_and_entities() -> None:
    assert ident("A-1.b_c~d") == "A-1.b_c~d"
    for wrong in ("", "a/b", "a b", "ä", "x" * 129, "a\n", "a\0", "a,b", "a|b", "a:b"):
        assert faults_of(ident, wrong) == [("bad-id", "")]
    assert entity("order/A-1001") == "order/A-1001"
    for wrong in ("A-1001", "order/", "order/a/b", "user/u1", "/x", "order"):
        assert faults_of(entity, wrong) == [("bad-id", "")]
    assert faults_of(entity, 7) == [("wrong-type", "")]


@pytest.mark.parametrize(
    ("value", "slug"),
    [
        ("2026-01-26T15:57:02", "time-without-zone"),
        ("2026-01-26t15:57:02.123", "time-without-zone"),
        ("2026-01-26", "bad-time"),
        ("26.1.2026 15:57", "bad-time"),
        ("2026-02-30T00:00:00Z", "bad-time"),
        ("2026-02-30T00:00:00", "bad-time"),
        ("2026-01-26T15:57:02+25:00", "bad-time"),
        ("", "bad-time"),
        ("2026-01-26T15:57:02Z" + "0" * 1000, "bad-time"),
        ("２０２６-01-26T15:57:02Z", "bad-time"),  # noqa: RUF001 digits of another script, on purpose
        (1769443022, "wrong-type"),
    ],
)
def test_times(value: Any, slug: str) -> None:
    assert faults_of(instant, value) == [(slug, "")]


def test_texts() -> None:
    assert text("Grüße, 你好 🚚") == "Grüße, 你好 🚚"
    assert text("x" * 1024) == "x" * 1024
    for wrong in ("x" * 1025, "ä" * 513, "a\0b", "\ud800", "ok\udfff"):
        assert faults_of(text, wrong) == [("bad-text", "")]


def test_whole_numbers() -> None:
    check = whole_number(0, 2**63 - 1)
    assert check(2**63 - 1) == 2**63 - 1
    for wrong in (-1, 2**63, 10**30):
        assert faults_of(check, wrong) == [("out-of-range", "")]
    for other in (1.0, "1", True, None):
        assert faults_of(check, other) == [("wrong-type", "")]
    assert number(0, 1)(1) == 1.0
    assert type(number(0, 1)(1)) is float


def test_attributes_are_flat_and_bounded() -> None:
    good = {"a": 1, "b": 1.5, "c": "x", "d": True, "e": None, "f": -(2**63), "k" * 64: "x" * 1024, "ä/~": "🚚"}
    assert attributes(good) == good
    assert attributes({f"k{number}": number for number in range(64)})
    assert faults_of(attributes, {f"k{number}": number for number in range(65)}) == [("bad-attributes", "")]
    assert faults_of(attributes, []) == [("wrong-type", "")]
    wrong = {
        "": 1,
        "k" * 65: 1,
        "list": [1],
        "object": {"a": 1},
        "big": 2**63,
        "huge": float("inf"),
        "long": "x" * 1025,
        "nul": "\0",
        "half": "\ud83d",
        "a/b~c": [],
        "\ud800": 1,
    }
    assert faults_of(attributes, wrong) == sorted(
        [
            ("bad-attributes", "/"),
            ("bad-attributes", f"/{'k' * 64}..."),
            ("wrong-type", "/list"),
            ("wrong-type", "/object"),
            ("out-of-range", "/big"),
            ("out-of-range", "/huge"),
            ("bad-text", "/long"),
            ("bad-text", "/nul"),
            ("bad-text", "/half"),
            ("wrong-type", "/a~1b~0c"),
            ("bad-text", "/\\ud800"),
        ]
    )


def test_faults_inside_of_parts_say_where() -> None:
    assert faults_of(ORDER.read, {"destination": {"lat": 91}}) == [
        ("missing-field", "/destination/lon"),
        ("out-of-range", "/destination/lat"),
    ]
    ring = [{"lat": 1, "lon": 1}, {"lat": "x", "lon": 1}, 7]
    assert faults_of(GEOFENCE.read, {"ring": ring}) == [("wrong-type", "/ring/1/lat"), ("wrong-type", "/ring/2")]
    assert faults_of(GEOFENCE.read, {"ring": {}}) == [("wrong-type", "/ring")]
    assert faults_of(GEOFENCE.read, {"ring": [{"lat": 1, "lon": 1}] * 1001}) == [("bad-shape", "/ring")]


def test_what_is_told_of_one_item_is_bounded() -> None:
    with pytest.raises(Faults) as raised:
        PING.read({f"{'x' * 10_000}{number}": 1 for number in range(1_000)})
    document = problem_of(raised.value.faults).document()
    assert len(document["errors"]) == MAX_FAULTS
    assert all(len(each["pointer"]) < 100 for each in document["errors"])


def test_steps_of_pointers_are_escaped() -> None:
    assert escaped("a/b~c") == "a~1b~0c"
    assert escaped(3) == "3"
    assert escaped("\udfff") == "\\udfff"


def test_a_shape_describes_itself() -> None:
    schema = Shape("X", "An x.", *PING.fields[:2]).schema()
    assert schema["required"] == ["asset", "time"]
    assert schema["additionalProperties"] is False
