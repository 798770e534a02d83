"""A schema registry in memory: the twin of `SchemaRegistry`, and the rules of the development registry."""

import json
from dataclasses import dataclass

from backbone.registry import SchemaRefused
from backbone.schema_compatibility import LEVELS, NotAvro, faults_between, parse_avro
from backbone.schema_files import Schema, schema_text

DEFAULT_LEVEL = "BACKWARD"
"""As Confluent's registry."""


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of a subject."""

    subject: str
    version: int
    id: int
    text: str


class MemoryRegistry:
    """Subjects with versions, schemas with ids from 1 on. The same schema has the same id under all subjects."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._ids: dict[str, int] = {}
        self._versions: dict[str, list[RegisteredVersion]] = {}
        self._levels: dict[str, str] = {}
        self.default_level = DEFAULT_LEVEL

    def schema(self, schema_id: int) -> str | None:
        return self._texts.get(schema_id)

    def find(self, subject: str, schema: str) -> int | None:
        found = self.found(subject, schema)
        return found.id if found else None

    def subjects(self) -> list[str]:
        return sorted(self._versions)

    def versions(self, subject: str) -> list[int]:
        return [each.version for each in self._versions.get(subject, [])]

    def register(self, subject: str, schema: str) -> int:
        return self.registered(subject, schema).id

    def compatibility(self, subject: str) -> str | None:
        return self._levels.get(subject)

    def set_compatibility(self, subject: str, level: str) -> None:
        self._levels[subject] = _checked_level(subject, level)

    def set_default_compatibility(self, level: str) -> None:
        """The level of subjects that have none of their own. Raises SchemaRefused."""
        self.default_level = _checked_level("the default", level)

    def found(self, subject: str, schema: str) -> RegisteredVersion | None:
        """The version of a subject that is exactly this schema. Raises SchemaRefused if it is not a schema."""
        text = _canonical(subject, schema)
        return next((each for each in self._versions.get(subject, []) if each.text == text), None)

    def all_versions(self, subject: str) -> list[RegisteredVersion]:
        """The versions of a subject, oldest first."""
        return list(self._versions.get(subject, []))

    def where(self, schema_id: int) -> list[RegisteredVersion]:
        """The subjects and versions that an id stands for."""
        return [each for versions in self._versions.values() for each in versions if each.id == schema_id]

    def registered(self, subject: str, schema: str) -> RegisteredVersion:
        """The version of this schema, a new one if need be. Raises SchemaRefused if it is not compatible."""
        known = self.found(subject, schema)
        if known is not None:
            return known
        faults = self.faults(subject, schema, self.all_versions(subject))
        if faults:
            raise SchemaRefused(subject, faults)
        text = _canonical(subject, schema)
        version = len(self._versions.get(subject, [])) + 1
        new = RegisteredVersion(subject, version, self._ids.get(text, len(self._ids) + 1), text)
        self.add(new)
        return new

    def add(self, version: RegisteredVersion) -> None:
        """Add a version as it is, without a check."""
        self._ids[version.text] = version.id
        self._texts[version.id] = version.text
        self._versions.setdefault(version.subject, []).append(version)

    def faults(self, subject: str, schema: str, against: list[RegisteredVersion]) -> list[str]:
        """What is not compatible with some versions of a subject at the subject's level."""
        new = _parsed(subject, schema)
        level = self._levels.get(subject, self.default_level)
        earlier = against if level.endswith("_TRANSITIVE") else against[-1:]
        return [
            f"{fault} (version {version.version})"
            for version in earlier
            for fault in faults_between(new, json.loads(version.text), level)
        ]


def _checked_level(subject: str, level: str) -> str:
    if level not in LEVELS:
        raise SchemaRefused(subject, [f"compatibility is one of {', '.join(LEVELS)}"])
    return level


def _canonical(subject: str, schema: str) -> str:
    return schema_text(_parsed(subject, schema))


def _parsed(subject: str, schema: str) -> Schema:
    try:
        parsed: Schema = json.loads(schema)
        parse_avro(parsed)
    except NotAvro as error:
        raise SchemaRefused(subject, [str(error)]) from error
    except ValueError as error:
        raise SchemaRefused(subject, [f"not JSON: {error}"]) from error
    return parsed
