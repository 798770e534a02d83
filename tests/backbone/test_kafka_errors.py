"""Every error of the library means something to us, and what is ambiguous is never taken for certain."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from backbone.errors import kafka_error, unavailable
from backbone.publishing import FailureReason, publish_failed
from domain.errors import OutageError

CODES = sorted(
    {code for name in dir(KafkaError) if name.isupper() and isinstance(code := getattr(KafkaError, name), int)}
)


@pytest.mark.parametrize("code", CODES)
def test_each_code_is_answered_as_permanent_or_as_to_be_retried(code: int) -> None:
    failed = publish_failed(KafkaError(code))
    assert failed.retryable == (failed.reason not in (FailureReason.TOO_LARGE, FailureReason.REFUSED))
    assert not failed.ambiguous or failed.retryable, "who may not retry must know that the record is not there"


@pytest.mark.parametrize(
    "code",
    [
        KafkaError._MSG_TIMED_OUT,
        KafkaError._PURGE_INFLIGHT,
        KafkaError._FATAL,
        KafkaError._TRANSPORT,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
    ],
)
def test_a_record_that_may_be_in_the_log_is_ambiguous(code: int) -> None:
    assert publish_failed(KafkaError(code)).ambiguous


def test_an_outage_says_what_was_tried_and_why_it_failed() -> None:
    error = kafka_error(KafkaException(KafkaError(KafkaError._TRANSPORT, "connection refused")))
    outage = unavailable("reading watermarks of t/0", error)
    assert isinstance(outage, OutageError)
    assert str(outage) == "reading watermarks of t/0: _TRANSPORT: connection refused"


def test_what_is_no_error_of_the_library_is_told_as_a_failure() -> None:
    assert kafka_error(TimeoutError("too slow")).code() == KafkaError._FAIL
