"""A broker that is down does not fill the log."""

import pytest
from confluent_kafka import KafkaError
from structlog.testing import capture_logs

from backbone.client_errors import TELL_EVERY, ClientErrors

DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN)
TRANSPORT = KafkaError(KafkaError._TRANSPORT)


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


def test_each_kind_is_told_at_once_and_repeats_are_counted(clock: list[float]) -> None:
    with capture_logs() as lines:
        errors = ClientErrors("consumer", clock=lambda: clock[0], group="route")
        for _ in range(500):
            errors.tell(DOWN)
        errors.tell(TRANSPORT)
        clock[0] = TELL_EVERY
        errors.tell(DOWN)
    told = [(line["code"], line["more_like_it"]) for line in lines]
    assert told == [("_ALL_BROKERS_DOWN", 0), ("_TRANSPORT", 0), ("_ALL_BROKERS_DOWN", 499)]
    assert {line["group"] for line in lines} == {"route"}


def test_a_fatal_error_is_always_told(clock: list[float]) -> None:
    fatal = KafkaError(KafkaError._FENCED, "fenced", fatal=True)
    with capture_logs() as lines:
        errors = ClientErrors("producer", clock=lambda: clock[0])
        errors.tell(fatal)
        errors.tell(fatal)
    assert len(lines) == 2
