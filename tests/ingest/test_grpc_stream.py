"""Streams over gRPC: answered one by one, in order, after Kafka; bounded whatever the client does; ended in order."""

import asyncio
from typing import Any

import grpc
import pytest
from grpc import aio

from backbone.publishing import QUEUE_FULL
from ingest.grpc_api.generated import notifications_pb2 as pb
from ingest.grpc_api.settings import GrpcSettings
from tests.ingest.grpc_rig import Failed, GrpcIngest, check_problem, failure, request, running_grpc, until

Stream = aio.StreamStreamCall[bytes, bytes]


async def read(call: Stream) -> Any:
    async with asyncio.timeout(10):
        raw = await call.read()
    assert isinstance(raw, bytes), raw
    return pb.SendReply.FromString(raw)


async def ended(call: Stream, answered: list[str] | None = None) -> Failed:
    """How the stream fails; the ids of what it still answers go to `answered`."""

    async def drain() -> None:
        while isinstance(raw := await call.read(), bytes):
            if answered is not None:
                answered.append(pb.SendReply.FromString(raw).id)

    async with asyncio.timeout(10):
        return await failure(drain())


async def test_each_is_answered_in_order_bad_ones_too(grpc_ingest: GrpcIngest) -> None:
    sent = [request(id=f"n{n}", user="/" if n % 7 == 3 else "u1") for n in range(2_000)]
    replies = await grpc_ingest.streamed(sent)
    assert [each.index for each in replies] == list(range(2_000))
    for number, reply in enumerate(replies):
        if number % 7 == 3:
            check_problem(reply.problem, "bad-id", "/user")
        else:
            assert reply.id == f"n{number}"
    assert [each.id for each in grpc_ingest.sent()] == [f"n{n}" for n in range(2_000) if n % 7 != 3]
    assert grpc_ingest.books() == {"accepted": 1_714, "bad-id": 286}
    assert grpc_ingest.calls("SendStream", "OK") == 1


async def test_nothing_is_answered_before_kafka_has_it(grpc_ingest: GrpcIngest) -> None:
    grpc_ingest.kafka.gate.clear()
    call = grpc_ingest.stream()
    await call.write(request(id="a").SerializeToString())
    await until(lambda: grpc_ingest.kafka.calls == 1)
    answer = asyncio.ensure_future(call.read())
    await asyncio.wait({answer}, timeout=0.1)
    assert not answer.done()
    grpc_ingest.kafka.gate.set()
    assert pb.SendReply.FromString(await answer).id == "a"
    await call.done_writing()
    assert await call.code() is grpc.StatusCode.OK


async def test_while_kafka_is_slow_no_more_is_read_than_the_bound() -> None:
    async with running_grpc(GrpcSettings(port=0, in_flight=16, drain_seconds=1.0)) as grpc_ingest:
        grpc_ingest.kafka.gate.clear()
        call, written = grpc_ingest.stream(), 0

        async def write() -> None:
            nonlocal written
            for number in range(2_000):
                await call.write(request(id=f"n{number}", data=b'{"x":"%s"}' % (b"x" * 4_000)).SerializeToString())
                written += 1
            await call.done_writing()

        writing = asyncio.create_task(write())
        seen = -1
        while seen != written:  # until the client is held up
            seen = written
            await asyncio.sleep(0.2)
        assert written < 2_000, "what is not read stays with the client"
        grpc_ingest.kafka.gate.set()
        assert [pb.SendReply.FromString(raw).id async for raw in call] == [f"n{n}" for n in range(2_000)]
        await writing
        # The first call has what had come by then, and none more than is in flight.
        assert grpc_ingest.kafka.largest <= 16


async def test_over_the_rate_a_stream_is_slowed_down_not_refused() -> None:
    async with running_grpc(backend_rate=200, backend_burst=10) as grpc_ingest:
        began = asyncio.get_running_loop().time()
        replies = await grpc_ingest.streamed([request() for _ in range(60)])
        assert all(each.id for each in replies)
        assert asyncio.get_running_loop().time() - began >= 0.24, "50 of them at 200 per second"


async def test_kafka_away_for_one_is_said_of_that_one_and_the_stream_goes_on(grpc_ingest: GrpcIngest) -> None:
    call = grpc_ingest.stream()
    for number, failing in enumerate((False, True, False)):
        grpc_ingest.kafka.failures = [QUEUE_FULL] if failing else []
        await call.write(request(id=f"n{number}").SerializeToString())
        reply = await read(call)
        assert reply.index == number
        if failing:
            check_problem(reply.problem, "unavailable")
            assert reply.problem.retryable
        else:
            assert reply.id == f"n{number}"
    await call.done_writing()
    assert await call.code() is grpc.StatusCode.OK


async def test_a_credential_that_is_revoked_ends_its_stream(grpc_ingest: GrpcIngest) -> None:
    call = grpc_ingest.stream()
    await call.write(request().SerializeToString())
    assert (await read(call)).id
    await grpc_ingest.parts.store.revoke(grpc_ingest.parts.backend.credential.id)

    async def go_on() -> None:
        while True:
            await call.write(request().SerializeToString())
            assert (await read(call)).id

    async with asyncio.timeout(10):
        failed = await failure(go_on())
    failed.check(grpc.StatusCode.UNAUTHENTICATED, "credential-revoked")


async def test_a_stream_that_brings_nothing_is_ended() -> None:
    async with running_grpc(GrpcSettings(port=0, idle_seconds=0.2)) as grpc_ingest:
        call = grpc_ingest.stream()
        await call.write(request().SerializeToString())
        assert (await read(call)).id
        failed = await ended(call)
        failed.check(grpc.StatusCode.ABORTED, "stream-idle")
        assert failed.problem.retryable


async def test_a_client_that_takes_no_answers_is_ended_and_holds_little() -> None:
    narrow = [("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0)]
    async with running_grpc(GrpcSettings(port=0, idle_seconds=0.3, in_flight=50), narrow) as grpc_ingest:
        call = grpc_ingest.stream()
        bad = request(**dict.fromkeys(("user", "title", "body", "id", "collapse_key"), "\0" * 100)).SerializeToString()
        writing = asyncio.create_task(_fill(call, bad, 10_000))
        await until(lambda: grpc_ingest.calls("SendStream", "ABORTED") == 1)
        assert grpc_ingest.parts.registry.get_sample_value("fleetcast_ingest_grpc_streams") == 0
        assert not writing.done(), "what is not read stays with the client"
        answered: list[str] = []
        await ended(call, answered)
        assert len(answered) < 50
        await asyncio.wait({writing})
        assert writing.exception() is not None
        assert grpc_ingest.books()["internal-error"] > 0, "what was read and not answered"


async def test_a_client_that_leaves_is_in_the_books(grpc_ingest: GrpcIngest) -> None:
    grpc_ingest.kafka.gate.clear()
    call = grpc_ingest.stream()
    for _ in range(10):
        await call.write(request().SerializeToString())
    await until(lambda: grpc_ingest.kafka.calls == 1)
    call.cancel()
    await until(lambda: grpc_ingest.calls("SendStream", "CANCELLED") == 1)
    assert set(grpc_ingest.books()) == {"internal-error"}
    streams = grpc_ingest.parts.registry.get_sample_value("fleetcast_ingest_grpc_streams")
    assert streams == 0
    grpc_ingest.kafka.gate.set()


async def test_bytes_of_all_streams_together_are_bounded_and_come_free_again() -> None:
    async with running_grpc(bodies_bytes=1024**2) as grpc_ingest:
        big = request(data=b'{"x":"%s"}' % (b"x" * 60_000))  # refused for its length, but held until then
        grpc_ingest.kafka.gate.clear()
        calls = [grpc_ingest.stream() for _ in range(3)]
        for call in calls:
            await call.write(request().SerializeToString())
        await until(lambda: grpc_ingest.kafka.calls == 3)
        writing = [asyncio.create_task(_fill(call, big.SerializeToString(), 30)) for call in calls]
        await asyncio.sleep(0.3)
        failed = await failure(grpc_ingest.call("Send", big.SerializeToString()))
        failed.check(grpc.StatusCode.UNAVAILABLE, "overloaded")
        grpc_ingest.kafka.gate.set()
        for call in calls:
            assert len([raw async for raw in call]) == 31
        await asyncio.gather(*writing)
        (await failure(grpc_ingest.send(big))).check(grpc.StatusCode.INVALID_ARGUMENT, "bad-data", "/data")


async def _fill(call: Stream, message: bytes, times: int) -> None:
    for _ in range(times):
        await call.write(message)
    await call.done_writing()


@pytest.mark.parametrize("silent", [True, False])
async def test_a_server_that_stops_answers_what_it_has_read_and_says_so(*, silent: bool) -> None:
    async with running_grpc(GrpcSettings(port=0, drain_seconds=5.0)) as grpc_ingest:
        grpc_ingest.kafka.gate.clear()
        call = grpc_ingest.stream()
        if not silent:
            for number in range(5):
                await call.write(request(id=f"n{number}").SerializeToString())
        await until(lambda: silent or grpc_ingest.kafka.calls == 1)
        await call.wait_for_connection()
        await asyncio.sleep(0.05)
        grpc_ingest.stop()
        await asyncio.sleep(0.05)
        grpc_ingest.kafka.gate.set()
        answered: list[str] = []
        failed = await ended(call, answered)
        failed.check(grpc.StatusCode.UNAVAILABLE, "stopping")
        kept = [each.id for each in grpc_ingest.sent()]
        assert answered == kept
        assert silent == (not kept)
