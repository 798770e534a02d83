"""Single calls and lists over gRPC: the checks, ids, limits and books of HTTP, and errors that a program can read."""

import json
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.credential_text import new_credential_text
from backbone.publishing import QUEUE_FULL, FailureReason, PublishFailed
from domain.instants import SECOND, parse_rfc3339
from ingest.admission import Caller
from ingest.event_times import EventTimes
from ingest.grpc_api.generated import notifications_pb2 as pb
from ingest.grpc_api.settings import GrpcSettings
from ingest.notification_intake import NotificationIntake
from ingest.settings import IngestSettings
from storage.notification_types import NotificationsSettings
from tests.ingest.grpc_rig import METHODS, GrpcIngest, check_problem, failure, now_seconds, request, running_grpc, until
from tests.ingest.test_notifications import notice

BAD, GONE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAVAILABLE
TOO_LARGE = PublishFailed(FailureReason.TOO_LARGE, "MSG_SIZE_TOO_LARGE", retryable=False, ambiguous=False)


async def test_all_that_can_be_said(grpc_ingest: GrpcIngest) -> None:
    at = now_seconds()
    reply = await grpc_ingest.send(
        request(
            id="n-1",
            type="order_status",
            interest="order/acme/A-1001",
            title="Order A-1001",
            body="is at the door",
            data='{"order": "A-1001", "é": 1}'.encode(),
            time=Timestamp(seconds=at - 10, nanos=500_000_000),
            priority=pb.PRIORITY_NORMAL,
            ttl_seconds=60,
            collapse_key="A-1001",
            match_key="order/A-1001",
            match_version=0,
            send_at=Timestamp(seconds=at + 600),
        )
    )
    assert (reply.id, reply.HasField("problem")) == ("n-1", False)
    (sent,) = grpc_ingest.sent()
    content = sent.content
    assert (sent.id, sent.tenant, sent.interest, sent.users) == ("n-1", "acme", "order/acme/A-1001", [])
    assert sent.send_at == (at + 600) * SECOND
    assert content.expires_at == sent.send_at + 60 * SECOND
    assert content.created_at == (at - 10) * SECOND + 500_000
    assert content.data == '{"order":"A-1001","é":1}'.encode()
    assert (content.title, content.body, content.priority) == ("Order A-1001", "is at the door", "normal")
    assert (content.match_key, content.match_version, content.collapse_key) == ("order/A-1001", 0, "A-1001")
    assert grpc_ingest.books() == {"accepted": 1}
    assert grpc_ingest.calls("Send", "OK") == 1


async def test_both_apis_make_the_same_record_of_the_same_words(grpc_ingest: GrpcIngest) -> None:
    time = Timestamp(seconds=now_seconds() - 1)
    await grpc_ingest.send(request(users=["a", "b"], time=time, data=b'{"a":1}'))
    (sent,) = grpc_ingest.sent()
    intake = NotificationIntake(IngestSettings(), EventTimes(IngestSettings()), NotificationsSettings().load())
    item = notice(users=["a", "b"], time=time.ToJsonString(), data={"a": 1})
    caller = Caller(grpc_ingest.parts.backend.credential, "acme")
    assert intake.read(item, caller, sent.content.accepted_at).event == sent
    assert sent.content.created_at == parse_rfc3339(time.ToJsonString())


async def test_without_or_with_a_wrong_credential(grpc_ingest: GrpcIngest) -> None:
    denied = grpc.StatusCode.UNAUTHENTICATED
    for metadata, slug in (
        ((), "credential-missing"),
        ((("authorization", "Basic x"),), "credential-missing"),
        ((("authorization-bin", b"Bearer x"),), "credential-missing"),
        (grpc_ingest.metadata("nonsense"), "credential-unknown"),
        (grpc_ingest.metadata(new_credential_text()), "credential-unknown"),
    ):
        (await failure(grpc_ingest.send(request(), metadata=metadata))).check(denied, slug)
        (await failure(grpc_ingest.bulk([request()], metadata=metadata))).check(denied, slug)
        (await failure(grpc_ingest.streamed([request()], metadata=metadata))).check(denied, slug)
    device = grpc_ingest.metadata(grpc_ingest.parts.device.text)
    failed = await failure(grpc_ingest.send(request(), metadata=device))
    failed.check(grpc.StatusCode.PERMISSION_DENIED, "wrong-credential-kind")
    assert not failed.problem.retryable
    assert failed.retry is None
    assert grpc_ingest.kafka.calls == 0
    assert grpc_ingest.calls("SendStream", "UNAUTHENTICATED") == 5


WRONG: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({"type": ""}, "missing-field", ("/type",)),
    ({"type": "nonsense"}, "unknown-type", ("/type",)),
    ({"user": ""}, "bad-id", ("/user",)),
    ({"users": ["a", "b/c", ""]}, "bad-id", ("/users/1", "/users/2")),
    ({"users": [f"u{n}" for n in range(1_001)]}, "too-many-users", ("/users",)),
    ({"users": ["a"], "user": "b"}, "bad-shape", ("/users",)),
    ({"installation": "a", "interest": "b"}, "bad-shape", ("/interest",)),
    ({"interest": "has space"}, "bad-interest", ("/interest",)),
    ({"interest": "order/other/A-1"}, "fleet-not-allowed", ("/interest",)),
    ({"title": ""}, "bad-text", ("/title",)),
    ({"title": "é" * 251}, "bad-text", ("/title",)),
    ({"body": "\0"}, "bad-text", ("/body",)),
    ({"data": b""}, "invalid-json", ("/data",)),
    ({"data": b"[]"}, "wrong-type", ("/data",)),
    ({"data": b"\xff"}, "invalid-utf8", ("/data",)),
    ({"data": b'{"a": NaN}'}, "non-finite-number", ("/data/a",)),
    ({"data": b'{"a": 1, "a": 2}'}, "duplicate-names", ("/data/a",)),
    ({"data": b'{"a":' * 100_000}, "json-too-deep", ("/data",)),
    ({"data": b'{"a": [9223372036854775808]}'}, "out-of-range", ("/data/a/0",)),
    ({"data": b'{"a": "%s"}' % (b"x" * 5_000)}, "bad-data", ("/data",)),
    ({"id": "a b"}, "bad-id", ("/id",)),
    ({"priority": 7}, "bad-priority", ("/priority",)),
    ({"ttl_seconds": 0}, "out-of-range", ("/ttl_seconds",)),
    ({"ttl_seconds": -(2**63)}, "out-of-range", ("/ttl_seconds",)),
    ({"collapse_key": ""}, "bad-text", ("/collapse_key",)),
    ({"match_key": "k"}, "missing-field", ("/match_version",)),
    ({"match_version": 1}, "missing-field", ("/match_key",)),
    ({"match_key": "k", "match_version": 2**63 - 1}, "out-of-range", ("/match_version",)),
    ({"time": Timestamp(seconds=2**62)}, "bad-time", ("/time",)),
    ({"time": Timestamp(nanos=-1)}, "bad-time", ("/time",)),
    ({"time": Timestamp()}, "time-too-old", ("/time",)),
    ({"send_at": Timestamp(seconds=253_402_300_799)}, "time-in-future", ("/send_at",)),
    ({"title": "", "id": "/"}, "invalid-item", ("/title", "/id")),
    ({"type": "nonsense", "title": "", "match_key": "k"}, "invalid-item", ("/type", "/title", "/match_version")),
    ({"type": "nonsense", "priority": 7, "data": b"["}, "invalid-item", ("/type", "/priority", "/data")),
]


@pytest.mark.parametrize(("wrong", "slug", "pointers"), WRONG)
async def test_a_bad_field_is_named(
    grpc_ingest: GrpcIngest, wrong: dict[str, Any], slug: str, pointers: tuple[str, ...]
) -> None:
    code = grpc.StatusCode.PERMISSION_DENIED if slug == "fleet-not-allowed" else BAD
    (await failure(grpc_ingest.send(request(**wrong)))).check(code, slug, *pointers)
    good, bad = await grpc_ingest.bulk([request(id="good"), request(**wrong)])
    assert (good.index, good.id, bad.index, bad.id) == (0, "good", 1, "")
    check_problem(bad.problem, slug, *(f"/requests/1{each}" for each in pointers))
    bad, good = await grpc_ingest.streamed([request(**wrong), request(id="good-too")])
    check_problem(bad.problem, slug, *pointers)
    assert [each.id for each in grpc_ingest.sent()] == ["good", "good-too"]
    assert grpc_ingest.books() == {slug: 3, "accepted": 2}


async def test_what_is_no_message(grpc_ingest: GrpcIngest) -> None:
    for raw in (b"\xff", b"\x0a\x05ab", b"\x0a\x01\xff", b"\x0b", b"\x12" * 7):
        (await failure(grpc_ingest.call("Send", raw))).check(BAD, "malformed-message", "")
        (bad,) = await grpc_ingest.streamed([raw])
        check_problem(bad.problem, "malformed-message", "")
    for raw in (b"\xff", b"\x0a\x05ab", b"\x0b", b"\xff" * 11, b"\x08", b"\x0d\0"):
        (await failure(grpc_ingest.call("SendBulk", raw))).check(BAD, "malformed-message")
    (bad,) = pb.SendBulkReply.FromString(await grpc_ingest.call("SendBulk", b"\x0a\x01\xff")).replies
    check_problem(bad.problem, "malformed-message", "/requests/0")
    assert (await failure(grpc_ingest.call("Nonsense", b""))).code is grpc.StatusCode.UNIMPLEMENTED


async def test_lists_have_a_length(grpc_ingest: GrpcIngest) -> None:
    (await failure(grpc_ingest.call("SendBulk", b""))).check(BAD, "empty-batch")
    (await failure(grpc_ingest.bulk([request()] * 1_001))).check(BAD, "batch-too-long")
    (await failure(grpc_ingest.call("SendBulk", b"\x0a\0" * 500_000))).check(BAD, "batch-too-long")
    (await failure(grpc_ingest.call("SendBulk", b"\x10\0" * 500_000))).check(BAD, "batch-too-long")
    replies = await grpc_ingest.bulk([request(id=f"n{n}") for n in range(1_000)])
    assert [each.id for each in replies] == [f"n{n}" for n in range(1_000)]
    assert grpc_ingest.kafka.calls == 1


async def test_messages_have_a_length(grpc_ingest: GrpcIngest) -> None:
    failed = await failure(grpc_ingest.call("Send", b"\0" * (1024**2 + 1)))
    assert failed.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in (failed.message or "")


async def test_over_the_rate_it_is_told_when_to_come_again() -> None:
    async with running_grpc(backend_rate=0.5, backend_burst=10) as grpc_ingest:
        await grpc_ingest.bulk([request()] * 10)
        failed = await failure(grpc_ingest.send(request()))
        failed.check(grpc.StatusCode.RESOURCE_EXHAUSTED, "rate-limited")
        assert failed.problem.retryable
        assert 1 <= failed.retry.retry_delay.seconds <= 2
        assert int(failed.metadata["grpc-retry-pushback-ms"]) >= 1_000
        (await failure(grpc_ingest.bulk([request()] * 11))).check(BAD, "batch-too-long")
        assert grpc_ingest.books() == {"accepted": 10, "rate-limited": 1, "batch-too-long": 11}


async def test_kafka_away_is_unavailable_and_says_when_to_send_the_same_again(grpc_ingest: GrpcIngest) -> None:
    grpc_ingest.kafka.failures = [QUEUE_FULL]
    failed = (await failure(grpc_ingest.send(request(id="a")))).check(GONE, "unavailable")
    assert failed.problem.retryable
    assert failed.retry.retry_delay.seconds > 0
    grpc_ingest.kafka.failures = [None, QUEUE_FULL, TOO_LARGE]
    taken, later, never = await grpc_ingest.bulk([request(), request(), request()])
    assert taken.id
    check_problem(later.problem, "unavailable")
    assert (later.problem.retryable, never.problem.retryable) == (True, False)
    check_problem(never.problem, "not-storable")
    grpc_ingest.parts.store.away = True
    (await failure(grpc_ingest.send(request(), metadata=grpc_ingest.metadata(new_credential_text())))).check(
        GONE, "credentials-unavailable"
    )


async def test_a_call_has_a_deadline_of_ours_and_of_the_clients() -> None:
    async with running_grpc(GrpcSettings(port=0, call_seconds=0.2)) as grpc_ingest:
        grpc_ingest.kafka.gate.clear()
        late = grpc.StatusCode.DEADLINE_EXCEEDED
        (await failure(grpc_ingest.send(request()))).check(late, "call-timeout")
        assert (await failure(grpc_ingest.send(request(), timeout=0.05))).code is late
        await until(lambda: grpc_ingest.books() == {"internal-error": 2})
        grpc_ingest.kafka.gate.set()
        await grpc_ingest.send(request())
        assert grpc_ingest.books() == {"internal-error": 2, "accepted": 1}


async def test_a_call_without_its_message_is_not_waited_for_without_an_end() -> None:
    async with running_grpc(GrpcSettings(port=0, call_seconds=0.2)) as grpc_ingest:
        for method in ("Send", "SendBulk"):
            open_call: aio.StreamUnaryMultiCallable[bytes, bytes] = grpc_ingest.channel.stream_unary(
                f"{METHODS}/{method}"
            )
            failed = await failure(open_call(metadata=grpc_ingest.metadata()))
            failed.check(grpc.StatusCode.DEADLINE_EXCEEDED, "call-timeout")
            failed = await failure(open_call())
            failed.check(grpc.StatusCode.UNAUTHENTICATED, "credential-missing")
            empty = open_call(metadata=grpc_ingest.metadata())
            await empty.done_writing()
            (await failure(empty)).check(BAD, "malformed-message")


async def test_the_names_in_data_do_not_make_an_error_too_long_to_be_told(grpc_ingest: GrpcIngest) -> None:
    inner = "1e400"
    for _ in range(6):
        inner = json.dumps("\U0001f69a" * 70, ensure_ascii=False).join(("{", f":{inner}}}"))
    names = (json.dumps("\U0001f69a" * 60 + str(number), ensure_ascii=False) for number in range(5))
    data = "{" + ",".join(f"{name}:{inner}" for name in names) + "}"
    failed = await failure(grpc_ingest.send(request(data=data.encode())))
    assert failed.code is BAD
    assert failed.problem.type == "/problems/out-of-range"
    assert len(failed.problem.errors) == 5
    assert all(each.pointer.startswith("/data/\U0001f69a") for each in failed.problem.errors)


async def test_what_goes_wrong_inside_stays_inside(grpc_ingest: GrpcIngest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(grpc_ingest.kafka, "publish", broken)
    for call in (grpc_ingest.send(request()), grpc_ingest.bulk([request()]), grpc_ingest.streamed([request()])):
        failed = await failure(call)
        failed.check(grpc.StatusCode.INTERNAL, "internal-error")
        assert "secret" not in str(failed.metadata) + (failed.message or "")


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(max_size=20) | st.sampled_from(["u1", "message", "alert", "order/acme/A-1", "", "\0"])
INT = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 100)
TIME = st.builds(Timestamp, seconds=INT, nanos=st.integers(-(2**31), 2**31 - 1))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("user", "installation", "interest", "title", "body", "id"), TEXT),
    **dict.fromkeys(("collapse_key", "match_key"), TEXT),
    **dict.fromkeys(("ttl_seconds", "match_version"), INT),
    **dict.fromkeys(("time", "send_at"), TIME),
    "users": st.lists(TEXT, max_size=3),
    "data": st.binary(max_size=20) | st.sampled_from([b"{}", b'{"a":[1e999]}', b'{"a":{"b":"\xff"}}']),
    "priority": st.integers(-(2**31), 2**31 - 1),
}


@FUZZ
@given(fields=st.fixed_dictionaries({"type": st.just("message") | TEXT}, optional=FIELDS))
async def test_no_fields_make_it_fail(grpc_ingest: GrpcIngest, fields: dict[str, Any]) -> None:
    call = grpc_ingest.unary("Send")(pb.SendRequest(**fields).SerializeToString(), metadata=grpc_ingest.metadata())
    assert await call.code() in (grpc.StatusCode.OK, BAD, grpc.StatusCode.PERMISSION_DENIED)
    grpc_ingest.books()


@FUZZ
@given(raw=st.binary(max_size=200), method=st.sampled_from(["Send", "SendBulk"]))
async def test_no_bytes_make_it_fail(grpc_ingest: GrpcIngest, raw: bytes, method: str) -> None:
    call = grpc_ingest.unary(method)(raw, metadata=grpc_ingest.metadata())
    assert await call.code() in (grpc.StatusCode.OK, BAD)
    grpc_ingest.books()
