"""Our writer and fastavro make the same bytes of every value of every schema of ours."""

import io
import struct
from types import SimpleNamespace
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.avro_writer import avro_writer
from backbone.schema_files import Schema, SchemaFiles, without_logical_types

FILES = SchemaFiles()
SCHEMAS = {name: without_logical_types(FILES.current(name)) for name in FILES.records()}
WRITTEN = {name: schema for name, schema in SCHEMAS.items() if avro_writer(schema) is not None}
REFUSED = (ValueError, TypeError, AttributeError, OverflowError, struct.error)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.just("a" * 20_000)
PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-(2**63), 2**63 - 1, 63, 64, -64, -65, 8191, 8192]),
    "double": st.floats(allow_nan=False),
    "string": TEXT,
    "bytes": st.binary(max_size=200) | st.just(b"a" * 9000),
}


def values(schema: Schema, named: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Values of a schema; records as dicts."""
    if isinstance(schema, list):
        return st.one_of([values(each, named) for each in schema])
    if isinstance(schema, str):
        return PRIMITIVES[schema] if schema in PRIMITIVES else named[schema]
    if schema["type"] == "array":
        return st.lists(values(schema["items"], named), max_size=3)
    if schema["type"] == "map":
        return st.dictionaries(TEXT, values(schema["values"], named), max_size=3)
    if schema["type"] == "record":
        made = st.fixed_dictionaries({field["name"]: values(field["type"], named) for field in schema["fields"]})
        named[schema["name"]] = made
        return made
    return values(schema["type"], named)


def told(schema: Schema, value: Any) -> Any:
    """The value as our writer takes it: records as objects."""
    if isinstance(schema, list):
        return value if value is None else told(schema[1], value)
    kind = schema if isinstance(schema, str) else schema["type"]
    if not isinstance(kind, str):
        return told(kind, value)
    if isinstance(schema, dict) and kind == "record":
        return SimpleNamespace(
            **{field["name"]: told(field["type"], value[field["name"]]) for field in schema["fields"]}
        )
    return value


def by_fastavro(schema: Schema, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


def test_what_is_written_most_is_written_here() -> None:
    assert {"LiveUpdate", "Notification", "NotificationRequest", "PushPending", "PushRequest", "PushReceipt"} <= set(
        WRITTEN
    )


@pytest.mark.parametrize("name", WRITTEN)
@given(data=st.data())
def test_the_bytes_are_those_of_fastavro(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]
    value = data.draw(values(schema, {}))
    write = avro_writer(schema)
    assert write is not None
    assert write(told(schema, value)) == by_fastavro(schema, value)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("long", 2**63),
        ("long", -(2**63) - 1),
        ("long", 2**200),
        ("long", 1.0),
        ("long", "1"),
        ("long", None),
        ("int", 2**31),
        ("int", -(2**31) - 1),
        ("string", b"a"),
        ("string", None),
        ("string", 1),
        ("string", "\ud800"),
        ("bytes", "a"),
        ("bytes", 1),
        ("double", "1.0"),
        ("boolean", 1),
        ("boolean", None),
        (["null", "string"], 1),
        ({"type": "array", "items": "string"}, "abc"),
        ({"type": "array", "items": "string"}, [1]),
        ({"type": "map", "values": "long"}, [("a", 1)]),
        ({"type": "map", "values": "long"}, {1: 1}),
    ],
)
def test_what_is_not_of_the_schema_is_refused(schema: Schema, value: Any) -> None:
    write = avro_writer(schema)
    assert write is not None
    with pytest.raises(REFUSED):
        write(value)


@pytest.mark.parametrize(
    "schema",
    [
        "null",
        {"type": "enum", "name": "E", "symbols": ["a"]},
        {"type": "fixed", "name": "F", "size": 2},
        ["string", "null"],
        ["null", "string", "long"],
        {"type": "record", "name": "R", "fields": [{"name": "a), evil(", "type": "string"}]},
        {"type": "record", "name": "R", "fields": [{"name": "class", "type": "string"}]},
        {
            "type": "record",
            "name": "R",
            "fields": [{"name": "a", "type": "string"}, {"name": "b", "type": ["null", "R"]}],
        },
    ],
)
def test_for_what_it_does_not_know_there_is_no_writer(schema: Schema) -> None:
    assert avro_writer(schema) is None
