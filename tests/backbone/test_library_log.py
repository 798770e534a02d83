"""A broker that is down does not fill the log, whoever reports it."""

import logging

import pytest
from confluent_kafka import Producer

from backbone.kafka_settings import KafkaSettings
from backbone.library_log import TELL_EVERY, LibraryLog

FORM = "%s [%s] %s"


def test_a_kind_of_line_is_told_at_once_and_then_seldom_with_a_count(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = LibraryLog(lambda: now)
    for _ in range(60):
        log.log(logging.ERROR, FORM, "FAIL", "rdkafka#producer-1", "Connection refused")
        now += TELL_EVERY / 40
    log.log(logging.WARNING, FORM, "SESSTMOUT", "rdkafka#producer-1", "another kind")
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("ERROR", "FAIL [rdkafka#producer-1] Connection refused"),
        ("ERROR", "FAIL [rdkafka#producer-1] Connection refused (39 more like it)"),
        ("WARNING", "SESSTMOUT [rdkafka#producer-1] another kind"),
    ]


def test_what_was_chosen_on_purpose_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    LibraryLog().log(logging.WARNING, FORM, "CONFWARN", "p", "property enable.gapless.guarantee is experimental: ...")
    assert caplog.records == []


def test_the_library_logs_by_it(caplog: pytest.LogCaptureFixture) -> None:
    """A client of a broker that is not there: many attempts, one line of each kind."""
    settings = KafkaSettings(bootstrap="127.0.0.1:1", properties={})
    producer = Producer({**settings.client_properties(), "reconnect.backoff.ms": 1, "reconnect.backoff.max.ms": 5})
    producer.produce("nowhere", b"x")
    producer.flush(1.0)
    producer.purge()
    producer.flush(1.0)
    failures = [each for each in caplog.records if each.getMessage().startswith("FAIL ")]
    assert len(failures) == 1
    assert "Connection refused" in failures[0].getMessage()
