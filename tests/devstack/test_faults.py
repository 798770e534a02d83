"""Single parts of the infrastructure can be killed, paused and started again, and keep what they were given."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from devstack.stack import Stack

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


def test_killed_broker_comes_back_with_its_records(stack: Stack) -> None:
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap, "log_level": 0})
    admin.create_topics([NewTopic("kept", 1)])["kept"].result(10)
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "acks": "all", "log_level": 0})
    producer.produce("kept", b"one")
    assert producer.flush(10) == 0
    stack["kafka"].kill()
    stack["kafka"].start()
    settings = {"bootstrap.servers": stack.kafka_bootstrap, "group.id": "reader", "auto.offset.reset": "earliest"}
    consumer = Consumer(settings)
    consumer.subscribe(["kept"])
    record = consumer.poll(30)
    consumer.close()
    assert record is not None
    assert record.value() == b"one"


def test_killed_postgres_comes_back_with_its_rows(stack: Stack) -> None:
    with psycopg.connect(stack.postgres_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    stack["postgres"].kill()
    stack["postgres"].start()
    with psycopg.connect(stack.postgres_url) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_valkey_keeps_its_keys_over_a_restart(stack: Stack) -> None:
    with redis.Redis.from_url(stack.redis_url) as client:
        client.set("kept", "one")
    stack["valkey"].stop()
    stack["valkey"].start()
    with redis.Redis.from_url(stack.redis_url) as client:
        assert client.get("kept") == b"one"


def test_paused_valkey_answers_nobody_until_it_is_resumed(stack: Stack) -> None:
    stack["valkey"].pause()
    with redis.Redis.from_url(stack.redis_url, socket_timeout=0.3, retry=None) as client:
        with pytest.raises(redis.TimeoutError):
            client.ping()
        stack["valkey"].resume()
    with redis.Redis.from_url(stack.redis_url) as client:
        assert client.ping()


def test_three_brokers_keep_accepting_while_one_is_dead(tmp_path: Path) -> None:
    with Stack(tmp_path, brokers=3) as stack:
        admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap, "log_level": 0})
        admin.create_topics([NewTopic("kept", 3)])["kept"].result(20)
        partitions = admin.list_topics("kept", timeout=10).topics["kept"].partitions.values()
        assert all(len(partition.replicas) == 3 for partition in partitions)
        stack["kafka-1"].kill()
        failed: list[object] = []
        producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "acks": "all", "log_level": 0})
        for number in range(30):
            producer.produce(
                "kept", str(number), on_delivery=lambda error, _: failed.append(error) if error is not None else None
            )
        assert producer.flush(30) == 0
        assert failed == []
        stack["kafka-1"].start()
