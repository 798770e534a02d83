"""A schema registry in memory, for processes that write to nobody."""

from backbone.memory_registry import MemoryRegistry
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import TOPICS


def own_registry() -> MemoryRegistry:
    """It knows the current schema of every topic."""
    registry, files = MemoryRegistry(), SchemaFiles()
    for topic in TOPICS:
        if topic.record is not None:
            registry.register(topic.subject, schema_text(files.current(topic.record)))
    return registry
