"""Whether readers of one Avro schema understand what was written with another, told by the names of fields.

Which pairs of types resolve is decided by Apache Avro's own checker (the specification's "Schema Resolution"); it names
places by index, and stops naming them inside unions, so the way down to a fault is walked here.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import avro.errors
import avro.schema
from avro.compatibility import (
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityType,
    lookup_writer_field,
    schema_name_equals,
)

from backbone.schema_files import Schema

FULL_TRANSITIVE = "FULL_TRANSITIVE"
"""Readers of any version understand writers of any other: topics are read by teams that upgrade when they like."""
LEVELS = ("NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", FULL_TRANSITIVE)
AvroSchema = Any
"""A parsed schema. The library's base class declares none of what its kinds have: items, fields, schemas, ..."""
NAMED = ("record", "error", "enum", "fixed")


class NotAvro(ValueError):
    """The text or JSON is not an Avro schema; the message says why."""


def parse_avro(schema: Schema) -> AvroSchema:
    """Read a schema. Raises NotAvro."""
    try:
        return avro.schema.parse(json.dumps(schema))
    except avro.errors.AvroException as error:
        raise NotAvro(f"not an Avro schema: {error}") from error


def faults_between(new: Schema, old: Schema, level: str = FULL_TRANSITIVE) -> list[str]:
    """What keeps `new` from following `old` at a compatibility level: one line each, beginning with the field.

    Such as `LiveUpdate.event_time: was removed, and readers of the earlier schema have no default for it`.
    Empty if they are compatible. Raises NotAvro.
    """
    newer, older = parse_avro(new), parse_avro(old)
    faults: list[str] = []
    if level.startswith(("BACKWARD", "FULL")):
        faults += _Resolution(reader=_Side.NEW).faults(newer, older)
    if level.startswith(("FORWARD", "FULL")):
        faults += [fault for fault in _Resolution(reader=_Side.OLD).faults(older, newer) if fault not in faults]
    return faults


class _Side:
    """Who reads, in words: what is missing was added, or removed, depending on it."""

    NEW = "was added without a default, which records of the earlier schema lack"
    OLD = "was removed, and readers of the earlier schema have no default for it"


@dataclass
class _Resolution:
    """One walk through a reader's and a writer's schema side by side."""

    reader: str
    _under_way: set[tuple[int, int]] = field(default_factory=set)

    def faults(self, reader: AvroSchema, writer: AvroSchema, path: str = "") -> list[str]:
        """The faults at and below one place. `path` is the field's, such as `LiveUpdate.source.offset`."""
        pair = (id(reader), id(writer))
        if pair in self._under_way:  # a record within itself: it is being looked at further up
            return []
        self._under_way.add(pair)
        try:
            return self._faults(reader, writer, path or _name(reader))
        finally:
            self._under_way.discard(pair)

    def _faults(self, reader: AvroSchema, writer: AvroSchema, path: str) -> list[str]:
        if reader.type == writer.type == "record" and schema_name_equals(reader, writer):
            return self._record_faults(reader, writer, path)
        if reader.type == writer.type == "array":
            return self.faults(reader.items, writer.items, f"{path}[]")
        if reader.type == writer.type == "map":
            return self.faults(reader.values, writer.values, f"{path}{{}}")
        if "union" in (reader.type, writer.type):
            return self._union_faults(reader, writer, path)
        return self._type_faults(reader, writer, path)

    def _record_faults(self, reader: AvroSchema, writer: AvroSchema, path: str) -> list[str]:
        faults = []
        for own in reader.fields:
            theirs = lookup_writer_field(writer, own)
            if theirs is not None:
                faults += self.faults(own.type, theirs.type, f"{path}.{own.name}")
            elif not own.has_default:
                faults.append(f"{path}.{own.name}: {self.reader}")
        return faults

    def _union_faults(self, reader: AvroSchema, writer: AvroSchema, path: str) -> list[str]:
        """Each branch that may be written needs one that reads it."""
        faults = []
        branches = reader.schemas if reader.type == "union" else [reader]
        for written in writer.schemas if writer.type == "union" else [writer]:
            tried = {_name(branch): self.faults(branch, written, path) for branch in branches}
            if all(tried.values()):
                unread = f"{path}: {self._changed(reader, writer)}, so that {_name(written)} cannot be read"
                faults += tried.get(_name(written), [unread])
        return faults

    def _type_faults(self, reader: AvroSchema, writer: AvroSchema, path: str) -> list[str]:
        logical = [schema.props.get("logicalType") for schema in (reader, writer)]
        if reader.type == writer.type and logical[0] != logical[1]:
            # Avro resolves these, and thereby reads milliseconds as microseconds.
            return [f"{path}: {self._changed(reader, writer)}: the same number would mean something else"]
        checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
        result = checker.get_compatibility(reader, writer)
        if result.compatibility is not SchemaCompatibilityType.incompatible:
            return []
        if reader.type == writer.type == "enum" and schema_name_equals(reader, writer):
            unread = sorted(set(writer.symbols) - set(reader.symbols))
            return [f"{path}: enum {_name(reader)} has no default for those who do not know {', '.join(unread)}"]
        return [f"{path}: {self._changed(reader, writer)}"]

    def _changed(self, reader: AvroSchema, writer: AvroSchema) -> str:
        old, new = (writer, reader) if self.reader == _Side.NEW else (reader, writer)
        return f"changed from {_type_text(old)} to {_type_text(new)}"


def _name(schema: AvroSchema) -> str:
    """The name of a named type, else its type: by it the branches of a union are told apart."""
    return str(schema.name if schema.type in NAMED else schema.type)


def _type_text(schema: AvroSchema) -> str:
    if schema.type == "union":
        return " or ".join(_type_text(branch) for branch in schema.schemas)
    if schema.type in ("array", "map"):
        return f"{schema.type} of {_type_text(schema.items if schema.type == 'array' else schema.values)}"
    logical = schema.props.get("logicalType")
    return f"{_name(schema)} ({logical})" if logical else _name(schema)
