"""Data teams use Confluent's own serializers: what we write they read, and what they write we read."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from confluent_kafka.serialization import MessageField, SerializationContext

from backbone.codec import AvroCodec
from backbone.registry import SchemaRegistry
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import Topic
from domain.instants import Micros
from tests.backbone.test_codec import PING, POSITION, RECORDS
from tests.confluent_registry import AvroDeserializer, AvroSerializer, SchemaRegistryClient

FILES = SchemaFiles()
TOPIC_NAME = {"subject.name.strategy.type": "TOPIC"}


def at(instant: Micros) -> datetime:
    return datetime.fromtimestamp(instant // 1_000_000, UTC).replace(microsecond=instant % 1_000_000)


@pytest.fixture(scope="module")
def confluent(registry_url: str) -> Iterator[SchemaRegistryClient]:
    with SchemaRegistryClient({"url": registry_url}) as client:
        yield client


@pytest.fixture
def codec(registry_url: str) -> Iterator[AvroCodec]:
    registry = SchemaRegistry(registry_url)
    yield AvroCodec(registry)
    registry.close()


def own(topic: Topic, unique: str, registry_url: str) -> Topic:
    """The topic under a name of this test's own, its schema registered."""
    mine = replace(topic, name=f"{topic.name}.{unique}")
    assert mine.record is not None
    registry = SchemaRegistry(registry_url)
    registry.register(mine.subject, schema_text(FILES.current(mine.record)))
    registry.close()
    return mine


@pytest.mark.parametrize(("topic", "value"), RECORDS, ids=lambda each: getattr(each, "name", ""))
def test_confluents_deserializer_reads_what_we_write(
    confluent: SchemaRegistryClient,
    codec: AvroCodec,
    registry_url: str,
    unique: str,
    topic: Topic,
    value: msgspec.Struct,
) -> None:
    mine = own(topic, unique, registry_url)
    read: Any = AvroDeserializer(confluent, conf=TOPIC_NAME)(
        codec.encode(mine, value), SerializationContext(mine.name, MessageField.VALUE)
    )
    assert _as_micros(read) == msgspec.to_builtins(value, builtin_types=(bytes,))


def test_confluents_reader_sees_instants_as_datetimes(
    confluent: SchemaRegistryClient, codec: AvroCodec, registry_url: str, unique: str
) -> None:
    mine = own(RECORDS[0][0], unique, registry_url)
    read: Any = AvroDeserializer(confluent, conf=TOPIC_NAME)(
        codec.encode(mine, PING), SerializationContext(mine.name, MessageField.VALUE)
    )
    assert read["time"] == at(PING.time)
    assert read["received_at"] == at(PING.received_at)


@pytest.mark.parametrize(("topic", "value"), RECORDS, ids=lambda each: getattr(each, "name", ""))
def test_we_read_what_confluents_serializer_writes_and_the_bytes_are_the_same(
    confluent: SchemaRegistryClient,
    codec: AvroCodec,
    registry_url: str,
    unique: str,
    topic: Topic,
    value: msgspec.Struct,
) -> None:
    mine = own(topic, unique, registry_url)
    assert mine.record is not None
    serializer: Any = AvroSerializer(
        confluent,
        schema_text(FILES.current(mine.record)),
        conf={"auto.register.schemas": False, **TOPIC_NAME},
    )
    fields = msgspec.to_builtins(value, builtin_types=(bytes,))
    written = serializer(fields, SerializationContext(mine.name, MessageField.VALUE))
    assert written == codec.encode(mine, value)
    assert codec.decode(written, type(value)) == value


def test_a_data_teams_datetimes_arrive_as_microseconds(
    confluent: SchemaRegistryClient, codec: AvroCodec, registry_url: str, unique: str
) -> None:
    mine = own(RECORDS[0][0], unique, registry_url)
    serializer: Any = AvroSerializer(
        confluent, schema_text(FILES.current("GpsPing")), conf={"auto.register.schemas": False, **TOPIC_NAME}
    )
    fields = msgspec.to_builtins(PING) | {"time": at(PING.time), "received_at": at(PING.received_at)}
    written = serializer(fields, SerializationContext(mine.name, MessageField.VALUE))
    assert codec.decode(written, type(PING)) == PING


def test_instants_before_1970_keep_their_microseconds(
    confluent: SchemaRegistryClient, codec: AvroCodec, registry_url: str, unique: str
) -> None:
    mine = own(RECORDS[1][0], unique, registry_url)
    read: Any = AvroDeserializer(confluent, conf=TOPIC_NAME)(
        codec.encode(mine, POSITION), SerializationContext(mine.name, MessageField.VALUE)
    )
    assert read["time"] == datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)


def _as_micros(value: Any) -> Any:
    """What the deserializer gives, with its datetimes as our instants."""
    if isinstance(value, datetime):
        since = value - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if isinstance(value, dict):
        return {name: _as_micros(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_micros(each) for each in value]
    return value
