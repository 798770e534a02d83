"""What the codec guarantees, against the registry in memory."""

import copy
import io
import json
import struct
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.codec import (
    UNKNOWN_SECONDS,
    AvroCodec,
    RegistryUnavailable,
    SchemaNotRegistered,
    UndecodableRecord,
    UnencodableRecord,
    UnknownSchema,
)
from backbone.memory_registry import MemoryRegistry, RegisteredVersion
from backbone.schema_files import SchemaFiles, schema_text, without_logical_types
from backbone.topics import CLIENT_ACTIONS, LIVE, PINGS, POSITIONS, REFERENCE, STATUS_CHANGES, TOPICS, Topic
from domain.live_update import LiveUpdate
from domain.ping import GpsPing
from domain.position import CarriedOrder, Position
from domain.quality import QualityFlag
from domain.reference import Assignment, Geofence, Point, ReferenceKind, ReferenceRecord
from domain.source_position import SourcePosition
from domain.status_change import StatusChange

FILES = SchemaFiles()
SOURCE = SourcePosition(topic="fleet.pings.v1", topic_id="u9Xk", partition=3, offset=2**40, index=1)
PING = GpsPing(
    id="e-1", fleet="acme.eu", asset="truck-7", device="d-1", time=1_700_000_000_123_456,
    received_at=1_700_000_001_000_000, lat=53.4, lon=-2.98, speed=12.5, heading=None, battery=0.5,
    attributes={"ignition": True, "fuel": 3, "temperature": -4.5, "driver": "ü", "none": None},
)  # fmt: skip
POSITION = Position(
    id="e-1", fleet="acme.eu", asset="truck-7", device=None, time=-1, received_at=2, lat=0.0, lon=180.0, speed=1.0,
    heading=2.0, speed_derived=True, heading_derived=False, altitude=None, accuracy=None, battery=None, attributes={},
    quality=[QualityFlag.LATE, QualityFlag.SAME_TIME], orders=[CarriedOrder(fleet="acme", order="A-1001")],
    source=SOURCE,
)  # fmt: skip
STATUS = StatusChange(
    id="s-1",
    fleet="acme",
    entity="order/A-1001",
    status="delivered",
    time=5,
    received_at=6,
    version=7,
    credential="c-1",
)
LIVE_UPDATE = LiveUpdate(
    id="l-1", fleet="acme", channels=["fleet:acme", "asset:acme/truck-7"], kind="position", entity="asset/truck-7",
    event_time=5, version=5, received_at=6, payload=b'{"kind":"position"}', tags={"zone": "north"}, source=SOURCE,
)  # fmt: skip
ASSIGNMENT = ReferenceRecord(
    kind=ReferenceKind.ASSIGNMENT, fleet="acme", id="as-1", updated_at=9,
    assignment=Assignment(asset="truck-7", order="A-1001", valid_from=1, valid_to=None, order_fleet="acme.eu"),
)  # fmt: skip
GEOFENCE = ReferenceRecord(
    kind=ReferenceKind.GEOFENCE, fleet="acme", id="g-1", updated_at=9,
    geofence=Geofence(ring=[Point(lat=1.0, lon=2.0)], center=Point(lat=3.0, lon=4.0), radius=50.0),
)  # fmt: skip
RECORDS: list[tuple[Topic, msgspec.Struct]] = [
    (PINGS, PING),
    (POSITIONS, POSITION),
    (STATUS_CHANGES, STATUS),
    (LIVE, LIVE_UPDATE),
    (REFERENCE, ASSIGNMENT),
    (REFERENCE, GEOFENCE),
]


class CountingRegistry(MemoryRegistry):
    """Counts how often an id is asked for, and can be made unavailable."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.away = False

    def schema(self, schema_id: int) -> str | None:
        self.asked.append(schema_id)
        if self.away:
            raise RegistryUnavailable("away")
        return super().schema(schema_id)


@pytest.fixture
def registry() -> CountingRegistry:
    registry = CountingRegistry()
    for topic in TOPICS:
        if topic.record is not None:
            registry.register(topic.subject, schema_text(FILES.current(topic.record)))
    return registry


@pytest.fixture
def codec(registry: CountingRegistry) -> AvroCodec:
    return AvroCodec(registry)


@pytest.mark.parametrize(("topic", "value"), RECORDS, ids=lambda each: getattr(each, "name", ""))
def test_what_is_encoded_is_decoded_unchanged(codec: AvroCodec, topic: Topic, value: msgspec.Struct) -> None:
    assert codec.decode(codec.encode(topic, value), type(value)) == value


def test_a_record_begins_with_zero_and_the_registered_id(codec: AvroCodec, registry: CountingRegistry) -> None:
    raw = codec.encode(PINGS, PING)
    assert struct.unpack(">bi", raw[:5]) == (0, registry.find(PINGS.subject, schema_text(FILES.current("GpsPing"))))


def test_prepared_topics_never_ask_the_registry_again(registry: CountingRegistry) -> None:
    codec = AvroCodec(registry)
    codec.prepare([PINGS])
    for _ in range(3):
        codec.decode(codec.encode(PINGS, PING), GpsPing)
    assert registry.asked == []


def test_a_schema_that_is_not_registered_fails_the_start_and_says_what_to_do() -> None:
    with pytest.raises(SchemaNotRegistered, match=r"fleet\.pings\.v1-value.*schemas register"):
        AvroCodec(MemoryRegistry()).prepare([PINGS])


def test_a_struct_of_another_topic_is_never_written(codec: AvroCodec) -> None:
    """A Position has all the fields of a GpsPing, so Avro alone would take it."""
    with pytest.raises(TypeError, match="holds GpsPing, not Position"):
        codec.encode(PINGS, POSITION)
    with pytest.raises(TypeError, match="holds None"):
        codec.encode(CLIENT_ACTIONS, PING)


@pytest.mark.parametrize(
    "change", [{"lat": "north"}, {"time": 2**63}, {"attributes": {"nested": {}}}, {"asset": "\ud800"}], ids=str
)
def test_a_value_that_does_not_fit_is_refused(codec: AvroCodec, change: dict[str, Any]) -> None:
    with pytest.raises(UnencodableRecord) as refused:
        codec.encode(PINGS, msgspec.structs.replace(PING, **change))
    assert refused.value.reason == "unencodable"


# -- bytes that are not records


@pytest.mark.parametrize(
    ("raw", "reason"),
    [(b"", "empty"), (b"\x00\x00\x00", "short"), (b'{"id":1}', "wrong_magic"), (b"\x01" + b"\x00" * 40, "wrong_magic")],
)
def test_bytes_without_the_frame_are_refused_with_the_reason(codec: AvroCodec, raw: bytes, reason: str) -> None:
    with pytest.raises(UndecodableRecord) as refused:
        codec.decode(raw, GpsPing)
    assert refused.value.reason == reason


@pytest.mark.parametrize(("topic", "value"), RECORDS, ids=lambda each: getattr(each, "name", ""))
def test_a_body_cut_anywhere_is_refused(codec: AvroCodec, topic: Topic, value: msgspec.Struct) -> None:
    raw = codec.encode(topic, value)
    for end in range(5, len(raw)):
        with pytest.raises(UndecodableRecord) as refused:
            codec.decode(raw[:end], type(value))
        assert refused.value.reason == "bad_body"


def test_bytes_after_the_record_are_refused(codec: AvroCodec) -> None:
    with pytest.raises(UndecodableRecord) as refused:
        codec.decode(codec.encode(PINGS, PING) + b"\x00", GpsPing)
    assert refused.value.reason == "trailing_bytes"


@pytest.mark.parametrize("index", [b"\x7e", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"])
def test_a_wrong_enum_or_union_index_is_refused(codec: AvroCodec, index: bytes) -> None:
    kind_at = 5
    raw = codec.encode(REFERENCE, ASSIGNMENT)
    with pytest.raises(UndecodableRecord):
        codec.decode(raw[:kind_at] + index + raw[kind_at + 1 :], ReferenceRecord)
    device_at = 5 + sum(1 + len(text) for text in (PING.id, PING.fleet, PING.asset))
    raw = codec.encode(PINGS, PING)
    with pytest.raises(UndecodableRecord):
        codec.decode(raw[:device_at] + index + raw[device_at + 1 :], GpsPing)


def test_a_record_of_another_type_is_refused(codec: AvroCodec) -> None:
    with pytest.raises(UndecodableRecord) as refused:
        codec.decode(codec.encode(PINGS, PING), Position)
    assert refused.value.reason == "wrong_record"


@given(body=st.binary(max_size=200), schema_id=st.integers(-1, 8))
def test_any_bytes_are_a_record_or_refused(body: bytes, schema_id: int) -> None:
    registry = MemoryRegistry()
    for record, topic in (("GpsPing", PINGS), ("Position", POSITIONS), ("LiveUpdate", LIVE)):
        registry.register(topic.subject, schema_text(FILES.current(record)))
    codec = AvroCodec(registry)
    for wanted in (GpsPing, Position, LiveUpdate):
        try:
            value = codec.decode(struct.pack(">bi", 0, schema_id) + body, wanted)
        except (UndecodableRecord, UnknownSchema):
            continue
        assert isinstance(value, wanted)


# -- ids


def test_an_unknown_id_is_asked_for_once_in_a_while(registry: CountingRegistry) -> None:
    now = 100.0
    codec = AvroCodec(registry, clock=lambda: now)
    raw = struct.pack(">bi", 0, 99) + b"body"
    for _ in range(5):
        with pytest.raises(UnknownSchema) as refused:
            codec.decode(raw, GpsPing)
        assert refused.value.reason == "unknown_schema"
    assert registry.asked == [99]
    now += UNKNOWN_SECONDS + 1
    with pytest.raises(UnknownSchema):
        codec.decode(raw, GpsPing)
    assert registry.asked == [99, 99]


def test_many_records_of_the_wrong_type_ask_once(registry: CountingRegistry, codec: AvroCodec) -> None:
    raw = codec.encode(PINGS, PING)
    reader = AvroCodec(registry)
    for _ in range(3):
        with pytest.raises(UndecodableRecord):
            reader.decode(raw, Position)
    assert len(registry.asked) == 1


@pytest.mark.parametrize("schema_id", [0, -1, -(2**31)])
def test_an_id_that_cannot_be_is_never_asked_for(registry: CountingRegistry, codec: AvroCodec, schema_id: int) -> None:
    with pytest.raises(UnknownSchema):
        codec.decode(struct.pack(">bi", 0, schema_id) + b"body", GpsPing)
    assert registry.asked == []


@pytest.mark.parametrize("text", ["{", "[]", '"string"', '{"type": "record"}', '"some.other.Type"'])
def test_a_schema_that_cannot_be_used_condemns_its_records_only(
    registry: CountingRegistry, codec: AvroCodec, text: str
) -> None:
    """Such as one with references to other subjects, which this platform does not use."""
    registry.add(RegisteredVersion("elsewhere", 1, 77, text))
    with pytest.raises(UndecodableRecord) as refused:
        codec.decode(struct.pack(">bi", 0, 77) + b"body", GpsPing)
    assert refused.value.reason in ("bad_schema", "wrong_record")


def test_an_outage_of_the_registry_is_no_verdict_on_the_record(registry: CountingRegistry, codec: AvroCodec) -> None:
    raw = codec.encode(PINGS, PING)
    reader = AvroCodec(registry)
    registry.away = True
    with pytest.raises(RegistryUnavailable):
        reader.decode(raw, GpsPing)
    registry.away = False
    assert reader.decode(raw, GpsPing) == PING


# -- schemas that are older or newer than ours


def evolved(record: str, change: Any) -> dict[str, Any]:
    schema = copy.deepcopy(FILES.current(record))
    assert isinstance(schema, dict)
    change(schema)
    return schema


def test_a_record_of_a_newer_schema_is_read_and_its_new_fields_ignored(
    registry: CountingRegistry, tmp_path: Any, codec: AvroCodec
) -> None:
    def change(schema: dict[str, Any]) -> None:
        fields = schema["fields"]
        fields.insert(0, {"name": "colour", "type": ["null", "string"], "default": None, "doc": "New."})
        fields[:] = [each for each in fields if each["name"] != "speed"]

    newer = evolved("GpsPing", change)
    registry.register(PINGS.subject, schema_text(newer))
    (tmp_path / "GpsPing.avsc").write_text(json.dumps(newer))
    raw = AvroCodec(registry, SchemaFiles(tmp_path)).encode(PINGS, PING)
    assert codec.decode(raw, GpsPing) == msgspec.structs.replace(PING, speed=None)


def test_a_record_of_an_older_schema_is_read_with_defaults(registry: CountingRegistry, codec: AvroCodec) -> None:
    def change(schema: dict[str, Any]) -> None:
        schema["fields"] = [each for each in schema["fields"] if each["name"] not in ("attributes", "battery")]

    older = evolved("GpsPing", change)
    schema_id = registry.register(PINGS.subject, schema_text(older))
    raw = encoded_by(older, schema_id, PING)
    assert codec.decode(raw, GpsPing) == msgspec.structs.replace(PING, attributes={}, battery=None)


def test_an_enum_symbol_that_is_newer_than_the_reader_becomes_unknown(
    registry: CountingRegistry, codec: AvroCodec
) -> None:
    def change(schema: dict[str, Any]) -> None:
        next(each for each in schema["fields"] if each["name"] == "quality")["type"]["items"]["symbols"].append(
            "jammed"
        )

    newer = evolved("Position", change)
    schema_id = registry.register(POSITIONS.subject, schema_text(newer))
    raw = encoded_by(newer, schema_id, POSITION, quality=["jammed", "late"])
    decoded = codec.decode(raw, Position)
    assert decoded == msgspec.structs.replace(POSITION, quality=[QualityFlag.UNKNOWN, QualityFlag.LATE])


def encoded_by(schema: dict[str, Any], schema_id: int, value: msgspec.Struct, **changes: Any) -> bytes:
    """What a writer with another schema than ours writes."""
    out = io.BytesIO()
    out.write(struct.pack(">bi", 0, schema_id))
    fields = msgspec.to_builtins(value, builtin_types=(bytes,)) | changes
    fastavro.schemaless_writer(out, fastavro.parse_schema(without_logical_types(schema)), fields)
    return out.getvalue()


def test_a_kind_of_reference_data_that_we_do_not_know_yet_is_passed_over_not_buried() -> None:
    registry = MemoryRegistry()
    newer = json.loads(schema_text(SchemaFiles().current("ReferenceRecord")))
    newer["fields"][0]["type"]["symbols"].append("depots")
    schema_id = registry.register("fleet.reference.v1-value", json.dumps(newer))
    body = io.BytesIO()
    parsed = fastavro.parse_schema(without_logical_types(newer))
    entry = {"kind": "depots", "fleet": "acme", "id": "d-1", "updated_at": 1}
    fastavro.schemaless_writer(body, parsed, entry)
    raw = struct.pack(">bI", 0, schema_id) + body.getvalue()
    assert AvroCodec(registry).decode(raw, ReferenceRecord).kind is ReferenceKind.UNKNOWN
