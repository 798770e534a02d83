"""House rules for schemas: whoever reads a topic finds each field explained, and old readers survive new symbols."""

from typing import Any

from backbone.schema_compatibility import NotAvro, faults_between, parse_avro
from backbone.schema_files import Schema, SchemaFiles

NAMESPACE = "fleetcast.events"


def faults_of(files: SchemaFiles, record: str) -> list[str]:
    """What is wrong with the current schema of a record, alone and beside its released versions; one line each.

    Raises SchemaFileError.
    """
    current = files.current(record)
    try:
        parse_avro(current)
    except NotAvro as error:
        return [f"{record}: {error}"]
    faults = house_faults(current, record)
    for released in files.released(record):
        faults += [f"{fault} (version {released.version})" for fault in faults_between(current, released.schema)]
    return faults


def house_faults(schema: Schema, record: str) -> list[str]:
    """What breaks the house rules: documentation everywhere, defaults of enums, the names of files."""
    if not isinstance(schema, dict) or schema.get("type") != "record":
        return [f"{record}: is not a record"]
    faults = []
    if (schema.get("name"), schema.get("namespace")) != (record, NAMESPACE):
        faults.append(f"{record}: is to be named {record} in namespace {NAMESPACE}, as its file")
    return faults + _faults_within(schema, record)


def _faults_within(schema: Any, path: str) -> list[str]:
    if isinstance(schema, list):
        return [fault for branch in schema for fault in _faults_within(branch, path)]
    if not isinstance(schema, dict):
        return []
    kind = schema["type"]
    if kind == "record":
        return _record_faults(schema, path)
    if kind == "enum":
        return _enum_faults(schema, path)
    return _faults_within(schema.get("items", schema.get("values", kind)), path)


def _record_faults(schema: dict[str, Any], path: str) -> list[str]:
    faults = [] if schema.get("doc") else [f"{path}: record {schema['name']} has no doc"]
    for field in schema["fields"]:
        place = f"{path}.{field['name']}"
        if not field.get("doc"):
            faults.append(f"{place}: has no doc")
        faults += _faults_within(field["type"], place)
    return faults


def _enum_faults(schema: dict[str, Any], path: str) -> list[str]:
    faults = [] if schema.get("doc") else [f"{path}: enum {schema['name']} has no doc"]
    if schema.get("default") not in schema["symbols"]:
        faults.append(f"{path}: enum {schema['name']} has no default: its readers could not survive a new symbol")
    return faults
