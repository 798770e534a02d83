"""Registering our schemas: a step of every deployment, before the processes that write with them start."""

from collections.abc import Iterable

from backbone.registry import Registry
from backbone.schema_compatibility import FULL_TRANSITIVE
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import Topic


class NotReleased(Exception):
    """A current schema is not among the released ones. The message says what to do."""


def register_schemas(registry: Registry, topics: Iterable[Topic], files: SchemaFiles) -> list[str]:
    """Register the schema of the values of each topic that has one; what was done, one line each. Idempotent.

    Raises NotReleased before anything is done; SchemaRefused and RegistryUnavailable on the way.
    """
    holding = [(topic, topic.record) for topic in topics if topic.record is not None]
    for record in sorted({record for _, record in holding}):
        if not files.is_released(record):
            raise NotReleased(
                f"{record} differs from its newest released version:"
                " run `python -m backbone schemas release`, and commit what it writes"
            )
    return [_register(registry, topic, record, files) for topic, record in holding]


def _register(registry: Registry, topic: Topic, record: str, files: SchemaFiles) -> str:
    done = []
    if registry.compatibility(topic.subject) != FULL_TRANSITIVE:
        registry.set_compatibility(topic.subject, FULL_TRANSITIVE)
        done.append(f"set {FULL_TRANSITIVE}")
    text = schema_text(files.current(record))
    schema_id = registry.find(topic.subject, text)
    if schema_id is None:
        schema_id = registry.register(topic.subject, text)
        done.append(f"registered {record}")
    return f"{topic.subject}: {', '.join(done) or f'has {record} already'}, id {schema_id}"
