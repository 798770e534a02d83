"""Records as bytes: Avro in the Confluent wire format, 0x00, four bytes of schema id (big endian), body.

Source of the format: Confluent's documentation, "Wire format". The library's own serializers expand the schema for
each message; here it is parsed once, and `tests/backbone/test_codec_confluent.py` holds both to the same bytes.
"""

import io
import json
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import fastavro
import msgspec
from fastavro.schema import SchemaParseException

from backbone.avro_reader import Read, avro_reader
from backbone.avro_writer import Write, avro_writer
from backbone.registry import Registry, RegistryUnavailable
from backbone.schema_files import Schema, SchemaFiles, same_schema, schema_text, without_logical_types
from backbone.topics import Topic
from domain.errors import FleetcastError, PermanentError

MAGIC = 0
HEADER = struct.Struct(">bi")
MAX_READERS = 1_000
MAX_SCHEMAS = 1_000
MAX_UNKNOWN = 1_000
UNKNOWN_SECONDS = 10.0
"""How long an id that the registry did not know is not asked for again: a flood of bad records stays here."""

StructT = TypeVar("StructT", bound=msgspec.Struct)

__all__ = [
    "AvroCodec",
    "RegistryUnavailable",
    "SchemaNotRegistered",
    "UndecodableRecord",
    "UnencodableRecord",
    "UnknownSchema",
]


class UndecodableRecord(PermanentError):
    """The bytes are not a record of the wanted type.

    `reason` is one of `empty`, `short`, `wrong_magic`, `bad_schema`, `wrong_record`, `bad_body`, `trailing_bytes` and
    `bad_value`.
    """


class UnknownSchema(PermanentError):
    """The record names a schema id that the registry does not know. `reason` is `unknown_schema`."""


class UnencodableRecord(PermanentError):
    """A value does not fit its schema. `reason` is `unencodable`."""


class SchemaNotRegistered(FleetcastError):
    """The schema that we would write is not in the registry: registering it is a step of the deployment."""


@dataclass(frozen=True, slots=True)
class _Writer:
    header: bytes
    schema: Schema
    write: Write | None
    """Ours, where there is one; else fastavro writes."""


@dataclass(frozen=True, slots=True)
class _Reader:
    writer_schema: Schema
    own_schema: Schema | None
    """Ours, if it differs: what we do not know is then resolved by Avro's rules (a new enum symbol: its default)."""
    read: Read | None
    """Ours, where the schema is ours and there is one; what it refuses, and all else, is read by fastavro."""


class AvroCodec:
    """Encodes domain records for topics, and decodes them by the schema that each was written with.

    Synchronous and thread-safe. Once topics are prepared, only records of another schema than ours make it ask the
    registry, once for each id; every request has the registry's time limit.
    """

    def __init__(
        self, registry: Registry, files: SchemaFiles | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._registry = registry
        self._files = files or SchemaFiles()
        self._clock = clock
        self._writers: dict[str, _Writer] = {}
        self._readers: dict[tuple[int, type], _Reader] = {}
        self._schemas: dict[int, str] = {}
        self._unknown: dict[int, float] = {}
        self._asking = threading.Lock()

    def prepare(self, topics: Iterable[Topic]) -> None:
        """Fetch the ids of our schemas, for writing and for reading.

        Raises SchemaNotRegistered or RegistryUnavailable, which say what to do.
        """
        for topic in topics:
            self._prepare(topic)

    def encode(self, topic: Topic, value: msgspec.Struct) -> bytes:
        """The record's value on `topic`. Raises UnencodableRecord; TypeError for a struct of another topic."""
        if type(value).__name__ != topic.record:
            raise TypeError(f"{topic.name} holds {topic.record}, not {type(value).__name__}")
        writer = self._writers.get(topic.name) or self._prepare(topic)
        try:
            if writer.write is not None:
                return writer.header + writer.write(value)
            out = io.BytesIO(writer.header)
            out.seek(0, io.SEEK_END)
            fastavro.schemaless_writer(out, writer.schema, msgspec.to_builtins(value, builtin_types=(bytes,)))
        except (ValueError, TypeError, OverflowError, KeyError, AttributeError, struct.error) as error:
            raise UnencodableRecord("unencodable", f"{topic.record}: {error}") from error
        return out.getvalue()

    def decode(self, raw: bytes, into: type[StructT]) -> StructT:
        """The record, as a domain struct whose name is its Avro record's.

        Fields that the struct does not have are ignored, fields that the writer did not have take their defaults.
        Raises UndecodableRecord or UnknownSchema for this record, RegistryUnavailable for trouble with the registry.
        One fault goes unseen: a negative index of an enum or union counts from its end (fastavro does not check it).
        """
        schema_id = _schema_id(raw)
        reader = self._readers.get((schema_id, into)) or self._learn(schema_id, into)
        if reader.read is not None:
            try:
                told: StructT = reader.read(raw, HEADER.size)
            except Exception:  # noqa: BLE001, S110 whatever the bytes provoke: fastavro says what is wrong with them
                pass
            else:
                return told
        body = io.BytesIO(raw)
        body.seek(HEADER.size)
        try:
            value = fastavro.schemaless_reader(body, reader.writer_schema, reader.own_schema)
        except Exception as error:  # fastavro lets through whatever the bytes provoke
            raise UndecodableRecord("bad_body", f"{into.__name__}: {type(error).__name__}: {error}") from error
        if body.tell() != len(raw):
            raise UndecodableRecord("trailing_bytes", f"{into.__name__}: {len(raw) - body.tell()} bytes after its end")
        try:
            return msgspec.convert(value, into, builtin_types=(bytes,))
        except msgspec.ValidationError as error:
            raise UndecodableRecord("bad_value", f"{into.__name__}: {error}") from error

    def _prepare(self, topic: Topic) -> _Writer:
        if topic.record is None:
            raise TypeError(f"{topic.name} has no schema yet")
        schema = self._files.current(topic.record)
        text = schema_text(schema)
        schema_id = self._registry.find(topic.subject, text)
        if schema_id is None:
            raise SchemaNotRegistered(
                f"{topic.subject}: our schema of {topic.record} is not in the registry;"
                " run `python -m backbone schemas register` before this version is started"
            )
        writer = _Writer(HEADER.pack(MAGIC, schema_id), _parsed(schema), avro_writer(schema))
        self._writers[topic.name] = writer
        _keep(self._schemas, schema_id, text, MAX_SCHEMAS)
        return writer

    def _learn(self, schema_id: int, into: type) -> _Reader:
        """Ask the registry for the writer's schema; one thread at a time, so that many ask only once."""
        with self._asking:
            known = self._readers.get((schema_id, into))
            if known is not None:
                return known
            reader = self._reader(schema_id, into)
            _keep(self._readers, (schema_id, into), reader, MAX_READERS)
            return reader

    def _reader(self, schema_id: int, into: type) -> _Reader:
        text = self._schema_text(schema_id)
        try:
            schema = json.loads(text)
            parsed = _parsed(schema)
        except (ValueError, SchemaParseException) as error:
            raise UndecodableRecord("bad_schema", f"schema {schema_id} cannot be used: {error}") from error
        name = schema["name"].rpartition(".")[2] if isinstance(schema, dict) and "name" in schema else "no record"
        if name != into.__name__:
            raise UndecodableRecord("wrong_record", f"schema {schema_id} is {name}, not {into.__name__}")
        own = self._files.current(into.__name__)
        if not same_schema(schema, own):
            return _Reader(parsed, _parsed(own), None)
        return _Reader(parsed, None, avro_reader(without_logical_types(own), into))

    def _schema_text(self, schema_id: int) -> str:
        """The registered schema, usable or not: asked for once, so that bad records never flood the registry."""
        text = self._schemas.get(schema_id)
        if text is not None:
            return text
        # Ids begin at 1; others would be a bad address to some registries, which looks like an outage.
        if schema_id > 0 and self._unknown.get(schema_id, 0.0) <= self._clock():
            text = self._registry.schema(schema_id)
            if text is not None:
                _keep(self._schemas, schema_id, text, MAX_SCHEMAS)
                return text
            _keep(self._unknown, schema_id, self._clock() + UNKNOWN_SECONDS, MAX_UNKNOWN)
        raise UnknownSchema("unknown_schema", f"the registry has no schema {schema_id}")


def _schema_id(raw: bytes) -> int:
    if len(raw) < HEADER.size:
        raise UndecodableRecord("short" if raw else "empty", f"{len(raw)} bytes, of {HEADER.size} before the body")
    magic, schema_id = HEADER.unpack_from(raw)
    if magic != MAGIC:
        raise UndecodableRecord("wrong_magic", f"begins with byte {raw[0]:#04x}, not 0x00")
    return int(schema_id)


def _parsed(schema: Schema) -> Schema:
    parsed: Schema = fastavro.parse_schema(without_logical_types(schema))
    return parsed


def _keep(cache: dict[Any, Any], key: Any, value: Any, limit: int) -> None:
    """Put a value into a cache, and drop the oldest entry if there are too many."""
    cache.pop(key, None)
    if len(cache) >= limit:
        del cache[next(iter(cache))]
    cache[key] = value
