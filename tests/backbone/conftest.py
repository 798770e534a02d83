"""Kafka for the backbone's tests: `kafka` is each kind in turn, `real_kafka` the broker alone."""

from collections.abc import Iterator

import pytest

from tests.backbone.kafka_kinds import KafkaKind, MemoryKafka, RealKafka


@pytest.fixture
def real_kafka(kafka_bootstrap: str) -> Iterator[RealKafka]:
    kafka = RealKafka(kafka_bootstrap)
    yield kafka
    kafka.close()


@pytest.fixture(params=["memory", "real"])
def kafka(request: pytest.FixtureRequest) -> KafkaKind:
    if request.param == "memory":
        return MemoryKafka()
    real: RealKafka = request.getfixturevalue("real_kafka")
    return real
