"""The schemas in the repository, and the commands that keep and register them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_origin

import fastavro
import msgspec
import pytest

from backbone.__main__ import TABLE
from backbone.memory_registry import MemoryRegistry
from backbone.registry import SchemaRefused
from backbone.schema_compatibility import FULL_TRANSITIVE
from backbone.schema_files import SchemaFileError, SchemaFiles, same_schema, schema_text, without_logical_types
from backbone.schema_registration import NotReleased, register_schemas
from backbone.schema_rules import faults_of, house_faults
from backbone.topics import LIVE, PINGS, TOPICS
from domain.live_update import LiveUpdate
from domain.ping import GpsPing
from domain.position import Position
from domain.reference import ReferenceRecord
from domain.status_change import StatusChange

FILES = SchemaFiles()
THING: dict[str, Any] = {
    "type": "record",
    "name": "Thing",
    "namespace": "fleetcast.events",
    "doc": "A thing.",
    "fields": [{"name": "id", "type": "string", "doc": "Its id."}],
}

PART = {"type": "record", "name": "Part", "doc": "x", "fields": [{"name": "n", "type": "int"}]}


def test_every_topic_with_a_record_has_a_schema() -> None:
    assert {topic.record for topic in TOPICS if topic.record is not None} == set(FILES.records())


@pytest.mark.parametrize("record", FILES.records())
def test_every_schema_keeps_the_rules_and_all_its_readers(record: str) -> None:
    assert faults_of(FILES, record) == []


@pytest.mark.parametrize("record", FILES.records())
def test_every_schema_is_released(record: str) -> None:
    assert FILES.is_released(record), "run `python -m backbone schemas release` and commit what it writes"


@pytest.mark.parametrize("struct", [GpsPing, LiveUpdate, Position, ReferenceRecord, StatusChange])
def test_structs_and_schemas_have_the_same_fields(struct: type[msgspec.Struct]) -> None:
    """So that decoding never meets a value that the struct does not take, nor encoding one that the schema does not."""
    schema = FILES.current(struct.__name__)
    assert isinstance(schema, dict)
    _assert_alike(schema, struct, struct.__name__)


def _assert_alike(schema: dict[str, Any], struct: type[msgspec.Struct], path: str) -> None:
    fields = {each["name"]: each for each in schema["fields"]}
    assert list(fields) == list(struct.__struct_fields__), path
    for each in msgspec.structs.fields(struct):
        inner = zip(_records_in(fields[each.name]["type"]), _structs_in(each.type), strict=False)
        for inner_schema, inner_struct in inner:  # a named record is spelled out at its first use only
            _assert_alike(inner_schema, inner_struct, f"{path}.{each.name}")


def _records_in(kind: Any) -> list[dict[str, Any]]:
    if isinstance(kind, list):
        return [record for branch in kind for record in _records_in(branch)]
    if not isinstance(kind, dict):
        return []
    return [kind] if kind["type"] == "record" else _records_in(kind.get("items"))


def _structs_in(kind: Any) -> list[type[msgspec.Struct]]:
    if get_origin(kind) is not None or get_args(kind):
        return [struct for argument in get_args(kind) for struct in _structs_in(argument)]
    return [kind] if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else []


def write(folder: Path, name: str, schema: Any) -> None:
    path = folder / f"{name}.avsc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema))


def with_field(**field: Any) -> dict[str, Any]:
    return {**THING, "fields": [*THING["fields"], field]}


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (with_field(name="size", type="long"), "Thing.size: has no doc"),
        (
            with_field(name="sort", doc="x", type={"type": "enum", "name": "Sort", "symbols": ["a"], "doc": "x"}),
            "Thing.sort: enum Sort has no default",
        ),
        (
            with_field(
                name="parts",
                doc="x",
                type={"type": "array", "items": ["null", PART]},
            ),
            "Thing.parts.n: has no doc",
        ),
        ({**THING, "doc": ""}, "Thing: record Thing has no doc"),
        ({**THING, "namespace": "elsewhere"}, "Thing: is to be named Thing in namespace fleetcast.events"),
        ({"type": "enum", "name": "Thing", "symbols": ["a"]}, "Thing: is not a record"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_a_schema_that_breaks_a_house_rule_is_told_by_field(schema: Any, fault: str) -> None:
    assert [told for told in house_faults(schema, "Thing") if told.startswith(fault)]


def test_a_change_is_checked_against_every_released_version(tmp_path: Path) -> None:
    """A field that was removed in version 2 comes back with another type: only version 1 minds."""
    optional = {"name": "size", "doc": "x", "default": None}
    write(tmp_path, "released/Thing/1", with_field(**optional, type=["null", "long"]))
    write(tmp_path, "released/Thing/2", THING)
    write(tmp_path, "Thing", with_field(**optional, type=["null", "string"]))
    files = SchemaFiles(tmp_path)
    assert faults_of(files, "Thing") == [
        "Thing.size: changed from null or long to null or string, so that long cannot be read (version 1)",
        "Thing.size: changed from null or long to null or string, so that string cannot be read (version 1)",
    ]


def test_releasing_keeps_the_current_schema_as_the_next_version(tmp_path: Path) -> None:
    write(tmp_path, "Thing", THING)
    files = SchemaFiles(tmp_path)
    assert not files.is_released("Thing")
    assert files.release("Thing") == 1
    assert files.is_released("Thing")
    write(tmp_path, "Thing", {**THING, "doc": "Another."})
    assert not files.is_released("Thing")
    assert files.release("Thing") == 2
    assert [each.version for each in files.released("Thing")] == [1, 2]


@pytest.mark.parametrize("content", ["{", "[]", None])
def test_a_file_that_is_no_schema_is_told_by_its_path(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "Thing.avsc").write_text(content)
    with pytest.raises(SchemaFileError, match=r"Thing\.avsc"):
        SchemaFiles(tmp_path).current("Thing")


def test_a_gap_in_the_released_versions_is_told(tmp_path: Path) -> None:
    write(tmp_path, "released/Thing/2", THING)
    with pytest.raises(SchemaFileError, match=r"1\.avsc"):
        SchemaFiles(tmp_path).released("Thing")


def test_plain_types_remain_when_logical_types_are_taken_away() -> None:
    for record in FILES.records():
        plain = without_logical_types(FILES.current(record))
        assert "logicalType" not in json.dumps(plain)
        fastavro.parse_schema(plain)


def test_the_order_of_attributes_makes_no_difference_but_documentation_does() -> None:
    assert same_schema(THING, dict(reversed(THING.items())))
    assert not same_schema(THING, {**THING, "doc": "Other."})


# -- registering


def test_registering_sets_the_level_and_can_be_repeated() -> None:
    registry = MemoryRegistry()
    first = register_schemas(registry, TABLE, FILES)
    assert "fleet.pings.v1-value: set FULL_TRANSITIVE, registered GpsPing, id 1" in first
    assert registry.subjects() == sorted(topic.subject for topic in TOPICS if topic.record is not None)
    assert {registry.compatibility(subject) for subject in registry.subjects()} == {FULL_TRANSITIVE}
    assert "fleet.pings.v1-value: has GpsPing already, id 1" in register_schemas(registry, TABLE, FILES)
    assert [registry.versions(subject) for subject in registry.subjects()] == [[1]] * len(registry.subjects())


def test_a_schema_that_is_not_released_is_never_registered(tmp_path: Path) -> None:
    """Else a topic could hold records of a schema that the repository has forgotten."""
    registry = MemoryRegistry()
    write(tmp_path, "Thing", THING)
    with pytest.raises(NotReleased, match="schemas release"):
        register_schemas(registry, [replace(PINGS, record="Thing")], SchemaFiles(tmp_path))
    assert registry.subjects() == []


def test_the_registrys_own_history_has_the_last_word() -> None:
    registry = MemoryRegistry()
    registry.set_compatibility(LIVE.subject, FULL_TRANSITIVE)
    current = json.loads(schema_text(FILES.current("LiveUpdate")))
    current["fields"] = [each for each in current["fields"] if each["name"] != "event_time"]
    registry.register(LIVE.subject, json.dumps(current))
    with pytest.raises(SchemaRefused, match=r"LiveUpdate\.event_time: was added without a default"):
        register_schemas(registry, [LIVE], FILES)
