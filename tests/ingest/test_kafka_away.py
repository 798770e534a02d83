"""Kafka down or its queue full: 503, nothing is said to be stored that is not, and the same request heals it."""

from backbone.publishing import QUEUE_FULL, FailureReason, PublishFailed
from tests.ingest.rig import Ingest, ping

TIMED_OUT = PublishFailed(FailureReason.TIMED_OUT, "_MSG_TIMED_OUT: no answer", retryable=True, ambiguous=True)
TOO_LARGE = PublishFailed(FailureReason.TOO_LARGE, "MSG_SIZE_TOO_LARGE", retryable=False, ambiguous=False)


async def test_one_ping_that_kafka_did_not_take(ingest: Ingest) -> None:
    for failure in (QUEUE_FULL, TIMED_OUT):
        ingest.kafka.failures = [failure]
        reply = await ingest.pings(ping())
        document = reply.problem(503, "unavailable")
        assert int(reply.headers["retry-after"]) > 0
        assert "same ids" in document["detail"]
        assert [each["status"] for each in document["results"]] == ["unavailable"]
    assert ingest.books() == {"unavailable": 2}


async def test_a_part_of_a_list_that_kafka_did_not_take_makes_the_whole_answer_503(ingest: Ingest) -> None:
    items = [ping(id="a"), ping(lat=99), ping(id="c"), ping(id="d")]
    ingest.kafka.failures = [None, TIMED_OUT, None]
    reply = await ingest.pings(items)
    document = reply.problem(503, "unavailable")
    assert [each["status"] for each in document["results"]] == ["accepted", "refused", "unavailable", "accepted"]
    assert ingest.books() == {"accepted": 2, "out-of-range": 1, "unavailable": 1}


async def test_the_same_request_again_has_the_same_ids(ingest: Ingest) -> None:
    items = [ping(lat=50 + number / 100) for number in range(10)]
    ingest.kafka.failures = [None] * 5 + [QUEUE_FULL] * 5
    assert (await ingest.pings(items)).status == 503
    again = (await ingest.pings(items)).results()
    sent = [each.id for each in ingest.sent_pings()]
    assert [each["id"] for each in again] == sent[5:]
    assert sent[:5] == sent[5:10]
    assert len(set(sent)) == 10, "nothing is lost, and what repeats carries the same id"


async def test_what_kafka_will_never_take_is_refused_for_good(ingest: Ingest) -> None:
    ingest.kafka.failures = [TOO_LARGE]
    (await ingest.pings(ping())).problem(422, "not-storable")
    ingest.kafka.failures = [TOO_LARGE, None]
    refused, accepted = (await ingest.pings([ping(), ping(id="b")])).results()
    assert refused["problem"]["type"] == "/problems/not-storable"
    assert accepted["status"] == "accepted"


async def test_reference_data_and_status_changes_too(ingest: Ingest) -> None:
    ingest.kafka.failures = [QUEUE_FULL]
    (await ingest.put("/v1/reference/assets/a", {})).problem(503, "unavailable")
    ingest.kafka.failures = [QUEUE_FULL]
    (await ingest.send("DELETE", "/v1/reference/assets/a", credential=ingest.backend.text)).problem(503, "unavailable")
    ingest.kafka.failures = [QUEUE_FULL]
    change = {"entity": "order/A-1", "status": "out", "time": ping()["time"]}
    reply = await ingest.post("/v1/status-changes", change, credential=ingest.backend.text)
    reply.problem(503, "unavailable")
