"""The gRPC server: its health, what connections may hold, and that its messages are those of the published file."""

import asyncio
import re
from pathlib import Path

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2

from devstack.protobuf_code import GENERATED, PROTO, SOURCE, generate
from ingest.grpc_api import server
from ingest.grpc_api.generated import notifications_pb2 as pb
from ingest.grpc_api.problems import GRPC_PROBLEMS
from ingest.grpc_api.settings import GrpcSettings
from ingest.notification_intake import notification_shape
from ingest.problems import ALL_PROBLEMS
from ingest.settings import IngestSettings
from tests.ingest.grpc_rig import METHODS, GrpcIngest, failure, request, running_grpc, until

HEALTH = "/grpc.health.v1.Health"
SERVICE = "fleetcast.notifications.v1.Notifications"


def test_the_generated_code_is_that_of_the_published_file(tmp_path: Path) -> None:
    generate(tmp_path)
    made = {each.name: each.read_text() for each in tmp_path.iterdir()}
    assert made == {name: (GENERATED / name).read_text() for name in made}, "out of date: run `make proto`"


def test_both_apis_have_the_same_fields() -> None:
    fields = {each.name for each in notification_shape(IngestSettings()).fields}
    assert {each.name for each in pb.SendRequest.DESCRIPTOR.fields} == fields


def test_field_numbers_stay_for_ever() -> None:
    numbers = {each.name: each.number for each in pb.SendRequest.DESCRIPTOR.fields}
    names = (
        "type user users installation interest title body data id time priority ttl_seconds collapse_key match_key"
        " match_version send_at"
    )
    assert numbers == {name: number for number, name in enumerate(names.split(), 1)}
    assert re.search(r"^package fleetcast\.notifications\.v1;$", (PROTO / SOURCE).read_text(), re.MULTILINE)


def test_problems_have_slugs_of_their_own() -> None:
    slugs = [each.slug for each in (*ALL_PROBLEMS, *GRPC_PROBLEMS)]
    assert len(slugs) == len(set(slugs))
    assert all(each.description.endswith(".") for each in GRPC_PROBLEMS)


SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def asked(service: str = "") -> bytes:
    return bytes(health_pb2.HealthCheckRequest(service=service).SerializeToString())


def told(raw: object) -> int:
    assert isinstance(raw, bytes)
    return int(health_pb2.HealthCheckResponse.FromString(raw).status)


async def test_health_is_that_of_the_process(grpc_ingest: GrpcIngest) -> None:
    check: aio.UnaryUnaryMultiCallable[bytes, bytes] = grpc_ingest.channel.unary_unary(f"{HEALTH}/Check")
    watch: aio.UnaryStreamMultiCallable[bytes, bytes] = grpc_ingest.channel.unary_stream(f"{HEALTH}/Watch")
    condition = grpc_ingest.health.require("kafka")
    watching = watch(asked(SERVICE))
    assert told(await watching.read()) == NOT_SERVING
    assert told(await check(asked())) == NOT_SERVING
    condition.up()
    assert told(await watching.read()) == SERVING
    assert told(await check(asked(SERVICE))) == SERVING
    condition.down("gone")
    assert told(await watching.read()) == NOT_SERVING
    assert (await failure(check(asked("nonsense")))).code is grpc.StatusCode.NOT_FOUND
    assert (await failure(check(b"\xff"))).code is grpc.StatusCode.NOT_FOUND
    grpc_ingest.stop()
    assert await watching.read() is aio.EOF, "who watches does not hold up the end"


async def test_connections_calls_and_compression_are_bounded() -> None:
    limits = GrpcSettings(port=0, connections=2, calls=3, drain_seconds=0.5)
    async with running_grpc(limits) as grpc_ingest:
        gone, exhausted = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED
        zipped = grpc_ingest.send(request(), compression=grpc.Compression.Gzip)
        assert (await failure(zipped)).code is grpc.StatusCode.UNIMPLEMENTED
        await grpc_ingest.send(request())
        own = [("grpc.use_local_subchannel_pool", 1)]
        async with aio.insecure_channel(grpc_ingest.target, own) as second:
            await _send(second, grpc_ingest)
            async with aio.insecure_channel(grpc_ingest.target, own) as third:
                assert (await failure(_send(third, grpc_ingest))).code is gone
        grpc_ingest.kafka.gate.clear()
        waiting = [asyncio.create_task(grpc_ingest.send(request())) for _ in range(3)]
        await until(lambda: grpc_ingest.kafka.calls == 5)
        assert (await failure(grpc_ingest.send(request()))).code is exhausted
        grpc_ingest.kafka.gate.set()
        assert all(each.id for each in await asyncio.gather(*waiting))


async def test_a_connection_has_so_many_calls_at_a_time_and_more_wait() -> None:
    async with running_grpc(GrpcSettings(port=0, calls_per_connection=2, drain_seconds=0.5)) as grpc_ingest:
        await grpc_ingest.send(request())  # by now the client knows the limit
        grpc_ingest.kafka.gate.clear()
        waiting = [asyncio.create_task(grpc_ingest.send(request())) for _ in range(5)]
        await until(lambda: grpc_ingest.kafka.calls == 3)
        await asyncio.wait(waiting, timeout=0.2)
        assert grpc_ingest.kafka.calls == 3
        grpc_ingest.kafka.gate.set()
        assert all(each.id for each in await asyncio.gather(*waiting))


async def _send(channel: aio.Channel, grpc_ingest: GrpcIngest) -> None:
    call: aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"{METHODS}/Send")
    await call(request().SerializeToString(), metadata=grpc_ingest.metadata(), timeout=5)


async def test_a_port_that_is_taken_is_told(grpc_ingest: GrpcIngest) -> None:
    port = int(grpc_ingest.target.rpartition(":")[2])
    with pytest.raises(OSError, match=str(port)):
        async with running_grpc(GrpcSettings(port=port)):
            pass


async def test_who_only_connects_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", 1)
    async with running_grpc() as quick:
        host, _, port = quick.target.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        async with asyncio.timeout(20):
            while await reader.read(1_000):
                pass
        writer.close()


async def test_headers_are_bounded(grpc_ingest: GrpcIngest) -> None:
    metadata = (*grpc_ingest.metadata(), ("filler", "x" * 40_000))
    failed = await failure(grpc_ingest.send(request(), metadata=metadata))
    assert failed.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert grpc_ingest.kafka.calls == 0
