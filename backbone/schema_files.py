"""The Avro schemas in `schemas/avro/`: `<Record>.avsc` is the current one, `released/<Record>/<n>.avsc` all so far.

A released version is never edited. `python -m backbone schemas release` adds the current schema as the next one, so
that every schema that may be in a topic is in the repository, and compatibility can be checked without a registry.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA_FOLDER = Path(__file__).resolve().parent.parent / "schemas" / "avro"
Schema = dict[str, Any] | list[Any] | str
"""A schema as parsed JSON."""


class SchemaFileError(Exception):
    """A schema file is missing or is not JSON. The message begins with its path."""


@dataclass(frozen=True)
class ReleasedSchema:
    """One released version of a record's schema."""

    version: int
    schema: Schema


class SchemaFiles:
    """The schema files of a folder, by the names of their records."""

    def __init__(self, folder: Path = SCHEMA_FOLDER) -> None:
        self._folder = folder

    def records(self) -> list[str]:
        """The names of all records that have a current schema."""
        return sorted(path.stem for path in self._folder.glob("*.avsc"))

    def current(self, record: str) -> Schema:
        """The schema that we write now. Raises SchemaFileError."""
        return _read(self._folder / f"{record}.avsc")

    def released(self, record: str) -> list[ReleasedSchema]:
        """All released versions, oldest first. Raises SchemaFileError; also if their numbers have a gap."""
        folder = self._folder / "released" / record
        count = len(list(folder.glob("*")))
        return [ReleasedSchema(number, _read(folder / f"{number}.avsc")) for number in range(1, count + 1)]

    def is_released(self, record: str) -> bool:
        """Whether the current schema is the newest released one."""
        released = self.released(record)
        return bool(released) and same_schema(released[-1].schema, self.current(record))

    def release(self, record: str) -> int:
        """Add the current schema as the next released version, and return its number."""
        number = len(self.released(record)) + 1
        path = self._folder / "released" / record / f"{number}.avsc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.current(record), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return number


def same_schema(one: Schema, other: Schema) -> bool:
    """Whether two schemas are the same to a registry: documentation counts, the order of attributes does not."""
    return schema_text(one) == schema_text(other)


def schema_text(schema: Schema) -> str:
    """The text by which a schema is registered and compared: attributes in one order, no needless space."""
    return json.dumps(schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def without_logical_types(schema: Schema) -> Schema:
    """The schema with plain types: instants then stay whole microseconds when they are read and written.

    Defaults and documentation are left alone: an attribute of that name inside a default is data.
    """
    if isinstance(schema, list):
        return [without_logical_types(branch) for branch in schema]
    if isinstance(schema, dict):
        return {
            name: without_logical_types(value) if name in ("type", "items", "values", "fields") else value
            for name, value in schema.items()
            if name != "logicalType"
        }
    return schema


def _read(path: Path) -> Schema:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SchemaFileError(f"{path}: there is no such file") from error
    except ValueError as error:
        raise SchemaFileError(f"{path}: is not JSON: {error}") from error
    if not isinstance(schema, dict):
        raise SchemaFileError(f"{path}: is not a record")
    return schema
