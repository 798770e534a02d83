"""Which changes of a schema are refused, and that the refusal names the field."""

import copy
import json
from collections.abc import Callable
from typing import Any

import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from hypothesis import given
from hypothesis import strategies as st

from backbone.schema_compatibility import NotAvro, faults_between
from backbone.schema_files import SchemaFiles

LIVE_UPDATE = SchemaFiles().current("LiveUpdate")
POSITION = SchemaFiles().current("Position")
Fields = dict[str, dict[str, Any]]


def changed(schema: Any, change: Callable[[Fields], object]) -> dict[str, Any]:
    new: dict[str, Any] = copy.deepcopy(schema)
    fields = {each["name"]: each for each in new["fields"]}
    change(fields)
    new["fields"] = list(fields.values())
    return new


def field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "doc": "A field.", **more}


REFUSED: dict[str, tuple[Any, Callable[[Fields], object], str]] = {
    "removed": (
        LIVE_UPDATE,
        lambda fields: fields.pop("event_time"),
        "LiveUpdate.event_time: was removed, and readers of the earlier schema have no default for it",
    ),
    "added": (
        LIVE_UPDATE,
        lambda fields: fields.update(new=field("new", "string")),
        "LiveUpdate.new: was added without a default, which records of the earlier schema lack",
    ),
    "other type": (
        LIVE_UPDATE,
        lambda fields: fields["kind"].update(type="int"),
        "LiveUpdate.kind: changed from string to int",
    ),
    "widened, which old readers cannot follow": (
        LIVE_UPDATE,
        lambda fields: fields["source"]["type"][1]["fields"][2].update(type="long"),
        "LiveUpdate.source.partition: changed from int to long",
    ),
    "within a union": (
        LIVE_UPDATE,
        lambda fields: fields["source"]["type"][1]["fields"].pop(3),
        "LiveUpdate.source.offset: was removed, and readers of the earlier schema have no default for it",
    ),
    "within an array": (
        POSITION,
        lambda fields: fields["orders"]["type"]["items"]["fields"].append(field("since", "long")),
        "Position.orders[].since: was added without a default, which records of the earlier schema lack",
    ),
    "within a map": (
        LIVE_UPDATE,
        lambda fields: fields["tags"]["type"].update(values="long"),
        "LiveUpdate.tags{}: changed from string to long",
    ),
    "a branch more": (
        POSITION,
        lambda fields: fields["device"].update(type=["null", "string", "long"]),
        "Position.device: changed from null or string to null or string or long, so that long cannot be read",
    ),
    "a branch less": (
        POSITION,
        lambda fields: fields["attributes"]["type"].update(values=["null", "boolean", "long", "string"]),
        "Position.attributes{}: changed from null or boolean or long or double or string to",
    ),
    "optional no more": (
        POSITION,
        lambda fields: fields["speed"].update(type="double"),
        "Position.speed: changed from null or double to double, so that null cannot be read",
    ),
    "another unit under the same type": (
        LIVE_UPDATE,
        lambda fields: fields["event_time"]["type"].update(logicalType="timestamp-millis"),
        "LiveUpdate.event_time: changed from long (timestamp-micros) to long (timestamp-millis): the same number would",
    ),
    "another name of a nested record": (
        POSITION,
        lambda fields: fields["source"]["type"].update(name="Origin"),
        "Position.source: changed from SourcePosition to Origin",
    ),
    "a symbol less, without a default": (
        POSITION,
        lambda fields: fields["quality"]["type"].update(
            items={"type": "enum", "name": "QualityFlag", "symbols": ["late"]}
        ),
        "Position.quality[]: enum QualityFlag has no default for those who do not know",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_change_that_breaks_a_reader_is_refused_by_the_name_of_the_field(case: str) -> None:
    schema, change, fault = REFUSED[case]
    assert any(told.startswith(fault) for told in faults_between(changed(schema, change), schema))


ALLOWED: dict[str, tuple[Any, Callable[[Fields], object]]] = {
    "nothing": (LIVE_UPDATE, lambda fields: None),
    "a field with a default": (LIVE_UPDATE, lambda fields: fields.update(new=field("new", "long", default=0))),
    "without a field that had a default": (LIVE_UPDATE, lambda fields: fields.pop("tags")),
    "another default": (POSITION, lambda fields: fields["speed_derived"].update(default=True)),
    "a symbol more, with a default": (
        POSITION,
        lambda fields: fields["quality"]["type"]["items"]["symbols"].append("jammed"),
    ),
    "another documentation": (LIVE_UPDATE, lambda fields: fields["kind"].update(doc="Other words.")),
    "without an optional field": (POSITION, lambda fields: fields.pop("battery")),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_a_change_that_every_reader_survives_is_allowed(case: str) -> None:
    schema, change = ALLOWED[case]
    assert faults_between(changed(schema, change), schema) == []


def test_the_level_decides_whose_readers_count() -> None:
    added = changed(LIVE_UPDATE, lambda fields: fields.update(new=field("new", "string")))
    assert faults_between(added, LIVE_UPDATE, "BACKWARD")
    assert not faults_between(added, LIVE_UPDATE, "FORWARD")
    assert not faults_between(added, LIVE_UPDATE, "NONE")
    assert faults_between(LIVE_UPDATE, added, "FORWARD")
    assert not faults_between(LIVE_UPDATE, added, "BACKWARD_TRANSITIVE")


def test_a_record_within_itself_is_looked_at_once() -> None:
    node: dict[str, Any] = {
        "type": "record",
        "name": "Node",
        "fields": [
            {"name": "next", "type": ["null", "Node"], "default": None},
            {"name": "label", "type": "string"},
        ],
    }
    assert faults_between(node, node) == []
    other = copy.deepcopy(node)
    other["fields"][1]["type"] = "long"
    assert "Node.label: changed from string to long" in faults_between(other, node)


def test_what_is_no_schema_is_told() -> None:
    with pytest.raises(NotAvro):
        faults_between({"type": "record", "name": "X", "fields": [{"name": "a", "type": "strnig"}]}, LIVE_UPDATE)


# -- the walk and Apache's checker give the same verdict on whole schemas

PRIMITIVES = st.sampled_from(["null", "boolean", "int", "long", "float", "double", "bytes", "string"])
ENUMS = st.builds(
    lambda symbols, default: {"type": "enum", "name": "E", "symbols": symbols, **({"default": "A"} if default else {})},
    st.sampled_from([["A"], ["A", "B"], ["A", "C", "B"]]),
    st.booleans(),
)
LEAVES = PRIMITIVES | ENUMS


def records(kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = st.dictionaries(st.sampled_from("abc"), st.tuples(kinds, st.booleans()), max_size=3)
    return fields.map(
        lambda chosen: {
            "type": "record",
            "name": "R",
            "fields": [
                {"name": name, "type": ["null", kind] if optional and kind != "null" else kind}
                | ({"default": None} if optional else {})
                for name, (kind, optional) in chosen.items()
            ],
        }
    )


KINDS = (
    PRIMITIVES
    | PRIMITIVES.map(lambda items: {"type": "array", "items": items})
    | PRIMITIVES.map(lambda values: {"type": "map", "values": values})
    | st.lists(PRIMITIVES, min_size=1, max_size=3, unique=True)
)
SCHEMAS = records(KINDS) | records(PRIMITIVES).map(
    lambda inner: {"type": "record", "name": "Outer", "fields": [{"name": "inner", "type": [inner, "null"]}]}
)


@given(new=SCHEMAS | ENUMS, old=SCHEMAS | ENUMS)
def test_the_verdict_is_that_of_apache_avro(new: Any, old: Any) -> None:
    try:
        reader, writer = avro.schema.parse(json.dumps(new)), avro.schema.parse(json.dumps(old))
    except avro.errors.AvroException:  # null twice in a union
        return
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    verdict = checker.get_compatibility(reader, writer).compatibility
    assert bool(faults_between(new, old, "BACKWARD")) == (verdict is SchemaCompatibilityType.incompatible)
