"""The whole process on real Kafka, PostgreSQL and registry: the road, the books, and what an outage does."""

import asyncio
import time
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from backbone.codec import AvroCodec
from backbone.registry import SchemaRegistry
from backbone.topics import PINGS, REFERENCE, STATUS_CHANGES
from devstack.stack import Stack
from domain.ping import GpsPing
from domain.reference import ReferenceRecord
from domain.status_change import StatusChange
from tests.ingest.process import command, credential, environment, ingest_process, set_up
from tests.ingest.rig import ago, ping


def everything_in(bootstrap: str, topic: str) -> list[tuple[bytes, bytes | None]]:
    """Key and value of all records that are in a topic now."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "looks-only",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    ends: dict[int, int] = {}
    for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        if low < high:
            ends[number] = high
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
    found: list[tuple[bytes, bytes | None]] = []
    deadline = time.monotonic() + 30
    while ends:
        assert time.monotonic() < deadline, ends
        for message in consumer.consume(1_000, 0.1):
            assert message.error() is None
            partition, offset = message.partition() or 0, message.offset() or 0
            found.append((bytes(message.key() or b""), message.value()))
            if offset + 1 >= ends.get(partition, offset + 2):
                del ends[partition]
    consumer.close()
    return found


async def test_the_road_to_kafka(
    environ: dict[str, str], unique: str, kafka_bootstrap: str, registry_url: str, tmp_path: Path
) -> None:
    device = credential(environ, "--kind", "device", "--fleet", unique, "--device-id", "box", "--asset", "truck-7")
    backend = credential(environ, "--kind", "backend", "--fleet", unique)
    async with ingest_process(environ, tmp_path / "ingest.log") as ingest:
        await ingest.ready()
        pings = [ping(id=f"{unique}-{number}", lat=number / 10) for number in range(100)]
        assert (await ingest.send("POST", "/v1/pings", pings, device["credential"])).document["accepted"] == 100
        change = {"entity": "order/A-1", "status": "out", "time": ago(1)}
        assert (await ingest.send("POST", "/v1/status-changes", change, backend["credential"])).status == 202
        path = "/v1/reference/orders/A-1"
        assert (await ingest.send("PUT", path, {"title": "Sofa"}, backend["credential"])).status == 202
        assert (await ingest.send("DELETE", path, None, backend["credential"])).status == 202
        assert (await ingest.send("POST", "/v1/pings", {}, device["credential"])).status == 400
        metrics = (await ingest.send("GET", "/metrics")).body.decode()
        assert await ingest.end() == 0

    assert "fleetcast_ingest_pings_received_total 101.0" in metrics
    assert 'fleetcast_ingest_pings_total{outcome="accepted"} 100.0' in metrics
    assert 'fleetcast_ingest_pings_total{outcome="missing-field"} 1.0' in metrics
    assert device["credential"] not in (tmp_path / "ingest.log").read_text()

    codec = AvroCodec(SchemaRegistry(registry_url))
    sent = [
        codec.decode(value or b"", GpsPing)
        for key, value in everything_in(kafka_bootstrap, PINGS.name)
        if key == f"{unique}/truck-7".encode()
    ]
    assert [each.id for each in sent] == [each["id"] for each in pings], "one asset's pings stay in order"
    assert {each.device for each in sent} == {"box"}
    (status,) = [v for k, v in everything_in(kafka_bootstrap, STATUS_CHANGES.name) if k.startswith(unique.encode())]
    assert codec.decode(status or b"", StatusChange).entity == "order/A-1"
    order, tombstone = [v for k, v in everything_in(kafka_bootstrap, REFERENCE.name) if f"/{unique}/".encode() in k]
    assert codec.decode(order or b"", ReferenceRecord).order is not None
    assert tombstone is None


async def test_a_revoked_credential_is_refused_within_about_a_second(
    environ: dict[str, str], unique: str, tmp_path: Path
) -> None:
    made = credential(environ, "--kind", "device", "--fleet", unique, "--device-id", "box", "--asset", "truck-7")
    async with ingest_process(environ, tmp_path / "ingest.log") as ingest:
        await ingest.ready()
        assert (await ingest.send("POST", "/v1/pings", ping(), made["credential"])).status == 202
        await asyncio.to_thread(command, environ, "access", "credential", "revoke", made["id"])
        began = time.monotonic()
        reply = await ingest.until(lambda r: r.status != 202, "POST", "/v1/pings", ping(), made["credential"])
        reply.problem(401, "credential-revoked")
        assert time.monotonic() - began < 4, "a second, with room for a busy machine"


def test_check_tells_all_that_is_wrong_with_the_settings() -> None:
    with pytest.raises(AssertionError) as raised:
        command(environment(INGEST_PORT="x", INGEST_NONSENSE="1"), "ingest", "--check")
    said = str(raised.value)
    for each in (
        "FLEETCAST_INGEST_PORT: ",
        "FLEETCAST_INGEST_NONSENSE: is not a setting",
        "FLEETCAST_POSTGRES_URL: is required",
        "FLEETCAST_KAFKA_BOOTSTRAP: is required",
        "FLEETCAST_REGISTRY_URL: is required",
    ):
        assert each in said


@pytest.mark.timeout(300)
async def test_kafka_and_postgresql_go_away_and_come_back(tmp_path: Path) -> None:
    """503 while Kafka is away, nothing acknowledged is missing afterwards; known credentials outlive PostgreSQL."""
    with Stack(tmp_path / "stack") as stack:
        environ = environment(
            KAFKA_BOOTSTRAP=stack.kafka_bootstrap,
            KAFKA_DELIVERY_SECONDS="2",
            REGISTRY_URL=stack.registry_url,
            POSTGRES_URL=stack.postgres_url,
            INGEST_PORT="0",
        )
        set_up(environ)
        known = credential(environ, "--kind", "backend", "--fleet", "acme")["credential"]
        other = credential(environ, "--kind", "backend", "--fleet", "acme")["credential"]
        acknowledged: list[str] = []

        async with ingest_process(environ, tmp_path / "ingest.log") as ingest:
            await ingest.ready()

            async def post(number: int) -> int:
                reply = await ingest.send("POST", "/v1/pings", ping(id=f"p{number}"), known)
                if reply.status == 202:
                    acknowledged.append(f"p{number}")
                else:
                    reply.problem(503, "unavailable")
                    assert int(reply.headers["retry-after"]) > 0
                return reply.status

            assert await post(0) == 202
            stack["kafka"].kill()
            assert await post(1) == 503
            await ingest.until(lambda reply: reply.status == 503, "GET", "/readyz")
            await asyncio.to_thread(stack["kafka"].start)
            deadline = time.monotonic() + 60
            while await post(1) != 202:
                assert time.monotonic() < deadline
            await ingest.ready()
            for number in range(2, 20):
                assert await post(number) == 202

            stack["postgres"].kill()
            assert await post(20) == 202
            reply = await ingest.send("POST", "/v1/pings", ping(), other)
            reply.problem(503, "credentials-unavailable")
            await asyncio.to_thread(stack["postgres"].start)
            await ingest.until(lambda reply: reply.status == 202, "POST", "/v1/pings", ping(id="other"), other)
            assert await ingest.end() == 0

        codec = AvroCodec(SchemaRegistry(stack.registry_url))
        kept = [codec.decode(value or b"", GpsPing).id for _, value in everything_in(stack.kafka_bootstrap, PINGS.name)]
        assert set(acknowledged) <= set(kept)
        assert len(acknowledged) == 21
