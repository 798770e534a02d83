"""Our reader makes the same structs as fastavro and msgspec of all bytes of every schema of ours, or refuses them."""

import io
import json
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backbone.avro_reader import Read, avro_reader
from backbone.schema_files import Schema, SchemaFiles, without_logical_types
from domain.delivery_step import PushReceipt
from domain.fleet_event import FleetEvent
from domain.gateway_control import GatewayControl
from domain.live_update import LiveUpdate
from domain.notification import Notification, NotificationRequest, PushPending
from domain.ping import GpsPing
from domain.position import Position
from domain.push_request import PushRequest
from domain.reference import ReferenceRecord
from domain.status_change import StatusChange
from tests.backbone.test_avro_writer import PRIMITIVES, by_fastavro

FILES = SchemaFiles()
STRUCTS: dict[str, type[msgspec.Struct]] = {
    each.__name__: each
    for each in (
        FleetEvent,
        GatewayControl,
        GpsPing,
        LiveUpdate,
        Notification,
        NotificationRequest,
        Position,
        PushPending,
        PushReceipt,
        PushRequest,
        ReferenceRecord,
        StatusChange,
    )
}
SCHEMAS = {name: without_logical_types(FILES.current(name)) for name in FILES.records()}


def values(schema: Schema, named: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Values of a schema, records as dicts."""
    if isinstance(schema, list):
        return st.one_of([values(each, named) for each in schema])
    if isinstance(schema, str):
        return PRIMITIVES[schema] if schema in PRIMITIVES else named[schema]
    match schema["type"]:
        case "record":
            made = st.fixed_dictionaries({field["name"]: values(field["type"], named) for field in schema["fields"]})
        case "enum":
            made = st.sampled_from(schema["symbols"])
        case "array":
            return st.lists(values(schema["items"], named), max_size=3)
        case "map":
            return st.dictionaries(PRIMITIVES["string"], values(schema["values"], named), max_size=3)
        case kind:
            return values(kind, named)
    named[schema["name"]] = named[schema["name"].rpartition(".")[2]] = made
    return made


VALUES = {name: values(schema, {}) for name, schema in SCHEMAS.items()}
READERS = {name: avro_reader(schema, STRUCTS[name]) for name, schema in SCHEMAS.items()}
PARSED = {name: fastavro.parse_schema(schema) for name, schema in SCHEMAS.items()}


def reader(name: str) -> Read:
    made = READERS[name]
    assert made is not None
    return made


def by_libraries(name: str, raw: bytes) -> msgspec.Struct:
    """As `codec.py` reads what our reader refuses. Raises whatever it raises."""
    body = io.BytesIO(raw)
    value = fastavro.schemaless_reader(body, PARSED[name], None)
    if body.tell() != len(raw):
        raise ValueError("trailing bytes")
    return msgspec.convert(value, STRUCTS[name], builtin_types=(bytes,))


def test_there_is_a_reader_of_every_record() -> None:
    assert set(STRUCTS) == set(FILES.records())
    for name in STRUCTS:
        reader(name)


@pytest.mark.parametrize("name", STRUCTS)
@given(data=st.data())
def test_what_is_written_is_read_as_by_fastavro(name: str, data: st.DataObject) -> None:
    raw = by_fastavro(PARSED[name], data.draw(VALUES[name]))
    try:
        wanted = by_libraries(name, raw)
    except msgspec.ValidationError:  # a number that JSON has and the struct does not take
        assume(False)
    else:
        assert reader(name)(b"begin" + raw, 5) == wanted


@pytest.mark.parametrize("name", STRUCTS)
@given(data=st.data())
def test_damaged_bytes_are_read_as_by_fastavro_or_refused(name: str, data: st.DataObject) -> None:
    raw = bytearray(by_fastavro(PARSED[name], data.draw(VALUES[name])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw)))
        length = data.draw(st.integers(0, 2))
        raw[at : at + length] = data.draw(st.binary(max_size=2) | st.sampled_from([b"\x00", b"\x01", b"\x80", b"\xff"]))
    try:
        told = reader(name)(bytes(raw), 0)
    except Exception:  # noqa: BLE001 whatever the bytes provoke
        return
    assert repr(told) == repr(by_libraries(name, bytes(raw)))  # not ==: a number may be NaN


@given(
    number=st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([-(2**63), 2**63 - 1, 2**55 - 1, 2**55, -(2**55), -(2**55) - 1, 2**48, 63, 64, -64, -65])
)
def test_every_number_is_read(number: int) -> None:
    raw = by_fastavro("long", number)
    read = avro_reader(_record("long"), _struct(int))
    assert read is not None
    assert read(raw, 0).field == number


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80",
        b"\xff" * 9,
        b"\x80" * 40 + b"\x00",
        b"\x02\x00",
    ],
)
def test_what_is_no_number_is_refused(raw: bytes) -> None:
    read = avro_reader(_record("long"), _struct(int))
    assert read is not None
    with pytest.raises((ValueError, IndexError)):
        read(raw, 0)


@pytest.mark.parametrize("raw", [b"\x01", b"\x04a", b"\x02\xff", b"\x80\x80\x80\x80\x80\x80\x80\x80\x01a", b"\x02ab"])
def test_a_text_of_a_false_size_or_no_text_is_refused(raw: bytes) -> None:
    read = avro_reader(_record("string"), _struct(str))
    assert read is not None
    with pytest.raises((ValueError, IndexError)):
        read(raw, 0)


def test_a_field_that_the_struct_does_not_have_is_passed_over() -> None:
    schema = json.loads(json.dumps(_record("long")))
    schema["fields"].insert(0, {"name": "new", "type": ["null", "string"]})
    read = avro_reader(schema, _struct(int))
    assert read is not None
    assert read(b"\x02\x04ab\x06", 0).field == 3


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ("string", int),
        ("long", str),
        ("long", float),
        ("bytes", str),
        (["null", "string"], str),
        ({"type": "array", "items": "null"}, list[None]),
        ({"type": "array", "items": "long"}, list[str]),
        ({"type": "map", "values": "long"}, dict[str, str]),
        ({"type": "fixed", "name": "F", "size": 2}, bytes),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, int),
        ("long", msgspec.Raw),
    ],
)
def test_for_what_does_not_agree_there_is_no_reader(schema: Schema, kind: Any) -> None:
    assert avro_reader(_record(schema), _struct(kind)) is None


def test_for_a_record_that_holds_itself_there_is_no_reader() -> None:
    class Holder(msgspec.Struct):
        field: "Holder | None"

    Holder.__annotations__["field"] = Holder | None
    schema = {"type": "record", "name": "R", "fields": [{"name": "field", "type": ["null", "R"]}]}
    assert avro_reader(schema, msgspec.defstruct("R", [("field", Holder | None)])) is None


def _record(kind: Schema) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": "field", "type": kind}]}


def _struct(kind: Any) -> type[msgspec.Struct]:
    return msgspec.defstruct("R", [("field", kind)])
