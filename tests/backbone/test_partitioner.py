"""Keys go where Java's producers, and librdkafka with `murmur2_random`, put them."""

import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from hypothesis import given
from hypothesis import strategies as st

from backbone.partitioner import murmur2, partition_of

# org.apache.kafka.common.utils.UtilsTest.testMurmur2 (Apache Kafka)
JAVA_VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("key", JAVA_VECTORS)
def test_the_hash_is_that_of_kafkas_java_client(key: bytes) -> None:
    assert murmur2(key) == JAVA_VECTORS[key] & 0xFFFFFFFF


@given(st.binary(max_size=40), st.integers(1, 1000))
def test_every_key_has_one_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
    assert partition_of(key, partitions) == partition_of(key, partitions)


def test_librdkafka_puts_every_key_into_the_same_partition(kafka_bootstrap: str, unique: str) -> None:
    partitions = 7
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap, "log_level": 0})
    admin.create_topics([NewTopic(unique, partitions, 1)])[unique].result(20)
    placed: dict[bytes, int] = {}

    def report(error: object, message: Message) -> None:
        assert error is None
        key, partition = message.key(), message.partition()
        assert isinstance(key, bytes)
        assert partition is not None
        placed[key] = partition

    producer = Producer({"bootstrap.servers": kafka_bootstrap, "log_level": 0, "partitioner": "murmur2_random"})
    keys = [f"acme.{number}/truck-{number}ü".encode()[: 1 + number % 24] for number in range(200)]
    for key in keys:
        producer.produce(unique, b"", key, on_delivery=report)
    assert producer.flush(20) == 0
    assert placed == {key: partition_of(key, partitions) for key in keys}
    admin.delete_topics([unique])[unique].result(20)
