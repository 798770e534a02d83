"""Ingest on a real port, with twins of Kafka and PostgreSQL that do as they are told."""

import asyncio
import gzip
import io
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
from prometheus_client import CollectorRegistry

from access.authenticator import Authenticator
from access.credential_book import CredentialBook
from access.metrics import BookMetrics
from access.minting import Minted, mint_backend, mint_device
from access.settings import CredentialsSettings
from backbone.codec import AvroCodec
from backbone.memory_registry import MemoryRegistry
from backbone.publishing import PublishFailed
from backbone.record import Ack, OutRecord
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import NOTIFICATION_REQUESTS, PINGS, REFERENCE, STATUS_CHANGES
from domain.instants import format_rfc3339
from domain.notification import NotificationRequest
from domain.ping import GpsPing
from domain.reference import ReferenceRecord
from domain.status_change import StatusChange
from ingest.app import build_app
from ingest.edge import Edge, build_edge
from ingest.publishing import EventPublisher
from ingest.settings import IngestSettings
from runtime.health import Health
from runtime.http.server import HttpLimits, serving
from storage.memory.credentials import MemoryCredentials
from storage.notification_types import NotificationsSettings

TOPICS = (PINGS, STATUS_CHANGES, REFERENCE, NOTIFICATION_REQUESTS)


def clock() -> int:
    return time.time_ns() // 1000


def ago(seconds: float) -> str:
    return format_rfc3339(clock() - round(seconds * 1_000_000))


def ping(**fields: Any) -> dict[str, Any]:
    return {"asset": "truck-7", "time": ago(1), "lat": 53.4, "lon": -2.99, **fields}


class ScriptedPublisher:
    """Keeps what it acknowledges; `failures` says for how many records to come what else to answer."""

    def __init__(self) -> None:
        self.records: list[OutRecord] = []
        self.failures: list[PublishFailed | None] = []
        self.calls = 0
        self.largest = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, records: Sequence[OutRecord]) -> list[Ack | PublishFailed]:
        self.calls += 1
        self.largest = max(self.largest, len(records))
        await self.gate.wait()
        return [self._one(each) for each in records]

    def _one(self, record: OutRecord) -> Ack | PublishFailed:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            return failure
        self.records.append(record)
        return Ack(record.topic, 0, len(self.records) - 1)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document

    def problem(self, status: int, slug: str, *pointers: str) -> dict[str, Any]:
        """The answer as a problem of this status and type, whose errors are at these places."""
        assert self.status == status, self.body
        assert self.headers["content-type"] == "application/problem+json"
        document = self.document
        assert document["type"] == f"/problems/{slug}", document
        assert document["status"] == status
        assert document["title"]
        assert document["detail"]
        assert sorted(each["pointer"] for each in document.get("errors", [])) == sorted(pointers), document
        return document

    def results(self, status: int = 202) -> list[dict[str, Any]]:
        assert self.status == status, self.body
        document = self.document
        accepted = sum(each["status"] == "accepted" for each in document["results"])
        assert document["accepted"] == accepted
        assert document["refused"] == len(document["results"]) - accepted
        results: list[dict[str, Any]] = document["results"]
        return results


class Ingest:
    """A running ingest and a client."""

    def __init__(self, url: str, session: aiohttp.ClientSession, parts: "Parts") -> None:
        self.url = url
        self.session = session
        self.kafka = parts.kafka
        self.store = parts.store
        self.registry = parts.registry
        self.codec = parts.codec
        self.device = parts.device
        self.backend = parts.backend
        self.tenant = parts.tenant
        self._parts = parts

    async def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        credential: object = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if credential is not None:
            sent["Authorization"] = f"Bearer {credential}"
        async with self.session.request(
            method,
            self.url + path,
            data=None if body is None else io.BytesIO(body) if len(body) > 1024**2 else body,
            headers={**sent, **(headers or {})},
            skip_auto_headers=["Content-Type"],
        ) as answer:
            return Reply(
                answer.status,
                {name.lower(): value for name, value in answer.headers.items()},
                await answer.read(),
            )

    async def post(
        self, path: str, value: Any, *, credential: object = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Posts JSON, as the device unless told otherwise. Bytes are sent as they are."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return await self.send("POST", path, body, credential=credential or self.device.text, headers=headers)

    async def pings(self, value: Any, **options: Any) -> Reply:
        return await self.post("/v1/pings", value, **options)

    async def put(self, path: str, value: Any, *, credential: object = None) -> Reply:
        return await self.send("PUT", path, json.dumps(value).encode(), credential=credential or self.backend.text)

    def sent_pings(self) -> list[GpsPing]:
        return [
            self.codec.decode(each.value or b"", GpsPing) for each in self.kafka.records if each.topic == PINGS.name
        ]

    def sent_statuses(self) -> list[StatusChange]:
        return [
            self.codec.decode(each.value or b"", StatusChange)
            for each in self.kafka.records
            if each.topic == STATUS_CHANGES.name
        ]

    def sent_reference(self) -> list[ReferenceRecord]:
        return [
            self.codec.decode(each.value, ReferenceRecord)
            for each in self.kafka.records
            if each.topic == REFERENCE.name and each.value is not None
        ]

    def sent_requests(self) -> list[NotificationRequest]:
        return requests_in(self._parts)

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    def books(self, items: str = "pings") -> dict[str, float]:
        """Outcomes of items; fails unless they add up to what was received."""
        return outcomes_of(self._parts, items)


class Parts(msgspec.Struct):
    """What an ingest in a test is made of."""

    kafka: ScriptedPublisher
    store: MemoryCredentials
    registry: CollectorRegistry
    codec: AvroCodec
    device: Minted
    backend: Minted
    tenant: Minted


def requests_in(parts: Parts) -> list[NotificationRequest]:
    """The notification requests that Kafka has."""
    return [
        parts.codec.decode(each.value or b"", NotificationRequest)
        for each in parts.kafka.records
        if each.topic == NOTIFICATION_REQUESTS.name
    ]


def outcomes_of(parts: Parts, items: str) -> dict[str, float]:
    """Outcomes of items; fails unless they add up to what was received."""
    outcomes = {
        sample.labels["outcome"]: sample.value
        for family in parts.registry.collect()
        for sample in family.samples
        if sample.name == f"fleetcast_ingest_{items}_total" and sample.value
    }
    received = parts.registry.get_sample_value(f"fleetcast_ingest_{items}_received_total")
    assert sum(outcomes.values()) == received
    return outcomes


def prepared_codec() -> AvroCodec:
    registry, files = MemoryRegistry(), SchemaFiles()
    for topic in TOPICS:
        assert topic.record is not None
        registry.register(topic.subject, schema_text(files.current(topic.record)))
    codec = AvroCodec(registry, files)
    codec.prepare(TOPICS)
    return codec


async def make_parts() -> Parts:
    now = clock()
    parts = Parts(
        kafka=ScriptedPublisher(),
        store=MemoryCredentials(clock),
        registry=CollectorRegistry(),
        codec=prepared_codec(),
        device=mint_device(fleet="acme", device="box-7", assets=["truck-7", "trailer-9"], now=now),
        backend=mint_backend(fleet="acme", tenant=None, now=now),
        tenant=mint_backend(fleet=None, tenant="acme", now=now),
    )
    for each in (parts.device, parts.backend, parts.tenant):
        await parts.store.add(each.credential)
    return parts


def edge_of(parts: Parts, book: CredentialBook, **settings: float) -> Edge:
    return build_edge(
        IngestSettings(**settings),
        authenticator=Authenticator(book, clock),
        publisher=EventPublisher(parts.kafka, parts.codec),
        types=NotificationsSettings().load(),
        registry=parts.registry,
        now=clock,
    )


@asynccontextmanager
async def running_ingest(**settings: float) -> AsyncIterator[Ingest]:
    """An ingest with these IngestSettings."""
    parts = await make_parts()
    health = Health()
    book = CredentialBook(
        parts.store,
        CredentialsSettings(poll_seconds=0.05),
        condition=health.require("credentials"),
        metrics=BookMetrics(parts.registry),
    )
    app = build_app(edge_of(parts, book, **settings), health, parts.registry)
    stopping = asyncio.Event()
    polling = asyncio.create_task(book.run(stopping))
    limits = HttpLimits(linger_seconds=3.0, drain_seconds=0.5)
    async with serving(app, limits=limits) as url, aiohttp.ClientSession(auto_decompress=False) as session:
        yield Ingest(url, session, parts)
    stopping.set()
    await polling


def zipped(value: Any) -> bytes:
    return gzip.compress(json.dumps(value).encode())
