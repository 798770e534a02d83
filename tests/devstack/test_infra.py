"""The infrastructure that tests are given is real, and each test has its own part of it."""

import httpx
import psycopg
import redis
from confluent_kafka.admin import AdminClient


def test_kafka_answers_and_makes_no_topic_by_itself(kafka_bootstrap: str, unique: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap, "log_level": 0})
    assert unique not in admin.list_topics(topic=unique, timeout=10).topics or (
        admin.list_topics(topic=unique, timeout=10).topics[unique].error is not None
    )
    assert len(admin.list_topics(timeout=10).brokers) == 1


def test_redis_database_is_empty_and_nobody_elses(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("key", "left here")


def test_redis_database_does_not_show_what_another_test_left(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("key") is None


def test_postgres_database_is_empty(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_registry_answers(registry_url: str) -> None:
    assert httpx.get(f"{registry_url}/subjects").status_code == 200
