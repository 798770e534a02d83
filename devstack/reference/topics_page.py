"""`docs/topics.md`: the topic table, and the fields of each record from the schemas' own docs."""

import json
from pathlib import Path
from typing import Any

from backbone.topics import DEAD_LETTERS, RETRIES, TOPICS, Cleanup, Topic
from devstack.reference.markdown import code, page, table

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas" / "avro"

_INTRO = """\
Every topic of the platform. `python -m backbone topics plan|apply` brings a cluster to this table; brokers make
none by themselves. Values are Avro in the Confluent wire format (0x00, 4-byte big-endian schema id, body),
registered under `TOPIC-value`; readable with Confluent's own deserializers. Keys are text. The partition of a key
is murmur2's, as Java's clients have it. The number of partitions of a keyed topic never changes in place: a new
version of the topic takes over.

Headers are CloudEvents in binary mode (`ce_id`, `ce_type`, `ce_source`, `ce_time`) and `traceparent`. Records on
the live topics also name their channels, comma-separated, in `channels`. Entries of `fleet.latest.v1` name the live
record whose bytes they hold in `live-topic-id`, `live-partition`, `live-offset` and `live-time` (ms).

The same event may be on a topic twice, with the same `id`: drop ids that you know."""

_DEAD_LETTERS = """\
What a group can never process is put on `TOPIC.GROUP.dlq`: key, value and headers of the source unchanged, and
headers that say why: `dlq-reason`, `dlq-detail`, `dlq-group`, `dlq-topic`, `dlq-partition`, `dlq-offset`,
`dlq-time`."""

_RETRIES = """\
What a group will try again later is put on `TOPIC.GROUP.retry.DELAY`: key, value and headers of the source unchanged,
and headers that say when and why: `due-at` (microseconds since the epoch), `retry-attempt`, `retry-reason`."""


def topics_page() -> str:
    """The page's text."""
    records = dict.fromkeys(topic.record for topic in TOPICS if topic.record is not None)
    return page(
        "Topics",
        _INTRO,
        table(("topic", "key", "value", "kept", "written by", "what"), (_topic_row(topic) for topic in TOPICS)),
        "Topics without a value are settled in name, key and keeping, and are made together with their first writer.",
        "## Dead letters",
        _DEAD_LETTERS,
        table(("topic", "kept"), ((code(topic.name), _kept(topic)) for topic in DEAD_LETTERS)),
        "## Retries",
        _RETRIES,
        table(("topic", "kept"), ((code(topic.name), _kept(topic)) for topic in RETRIES)),
        "## Records",
        "Instants are Avro `timestamp-micros`: microseconds since the epoch, UTC.",
        *(_record(name) for name in records),
    )


def _topic_row(topic: Topic) -> tuple[str, ...]:
    value = f"[{topic.record}](#{topic.record.lower()})" if topic.record else ""
    return (code(topic.name), topic.key, value, _kept(topic), ", ".join(topic.written_by), topic.doc)


def _kept(topic: Topic) -> str:
    if topic.cleanup is Cleanup.DELETE:
        return f"{topic.kept_days} d"
    return "compacted" if topic.kept_days is None else f"compacted, {topic.kept_days} d"


def _record(name: str) -> str:
    schema = json.loads((SCHEMAS / f"{name}.avsc").read_text(encoding="utf-8"))
    named: list[dict[str, Any]] = [schema]
    blocks = []
    for each in named:  # grows while records inside records are met
        rows = [_field_row(field, named) for field in each["fields"]]
        level = "###" if each is schema else "####"
        blocks.append(f"{level} {each['name']}\n\n{each['doc']}\n\n{table(('field', 'type', 'what'), rows)}")
    return "\n\n".join(blocks)


def _field_row(field: dict[str, Any], named: list[dict[str, Any]]) -> tuple[str, ...]:
    return (code(field["name"]), _type(field["type"], named), field["doc"])


def _type(schema: Any, named: list[dict[str, Any]]) -> str:
    """A schema's type in words; records met on the way are added to `named`."""
    if isinstance(schema, list):
        return " or ".join(_type(branch, named) for branch in schema)
    return schema if isinstance(schema, str) else _complex_type(schema, named)


def _complex_type(schema: dict[str, Any], named: list[dict[str, Any]]) -> str:
    match schema["type"]:
        case "record":
            named.append(schema)
            return str(schema["name"])
        case "array":
            return f"array of {_type(schema['items'], named)}"
        case "map":
            return f"map of {_type(schema['values'], named)}"
        case "enum":
            return "one of " + ", ".join(schema["symbols"])
        case plain:
            return str(schema.get("logicalType", plain))
