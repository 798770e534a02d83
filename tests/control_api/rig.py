"""control_api on a real port and a real PostgreSQL, with twins of Kafka and Redis that do as they are told."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from access.authenticator import Authenticator
from access.credential_book import CredentialBook
from access.metrics import BookMetrics
from access.minting import Minted, mint_backend
from access.revocations import Revocations
from access.settings import AccessSettings, CredentialsSettings
from access.tokens import TokenVerifier
from backbone.codec import AvroCodec
from backbone.memory_registry import MemoryRegistry
from backbone.record import OutRecord
from backbone.schema_files import SchemaFiles, schema_text
from backbone.topics import PUSH_RECEIPTS, USER_LIVE
from control_api.app import Adapters, build_app
from control_api.settings import ControlSettings
from domain.delivery_step import PushReceipt
from domain.live_update import LiveUpdate
from runtime.health import Health
from runtime.http.server import HttpLimits, serving
from storage.memory.credentials import MemoryCredentials
from storage.memory.notices import MemoryNotices
from storage.memory.presence import MemoryPresence
from storage.notification_types import NotificationsSettings
from storage.postgres.engine import open_engine
from storage.postgres.settings import PostgresSettings
from tests.access.signing import SECRET, claims, signed
from tests.ingest.rig import Reply, ScriptedPublisher

TOPICS = (USER_LIVE, PUSH_RECEIPTS)


def clock() -> int:
    return time.time_ns() // 1000


def token(user: str = "ann", **changed: Any) -> str:
    return signed(claims(sub=user, **changed))


class Control:
    """A running control_api and a client."""

    def __init__(self, url: str, session: aiohttp.ClientSession, parts: "Parts") -> None:
        self.url = url
        self.session = session
        self.parts = parts

    async def send(
        self,
        method: str,
        path: str,
        value: Any = None,
        *,
        bearer: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """As ann unless told otherwise; an empty bearer: as nobody. Bytes are sent as they are."""
        body = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
        sent = {} if body is None else {"Content-Type": "application/json"}
        bearer = token() if bearer is None else bearer
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        async with self.session.request(
            method, self.url + path, data=body, headers={**sent, **(headers or {})}, skip_auto_headers=["Content-Type"]
        ) as answer:
            named = {name.lower(): each for name, each in answer.headers.items()}
            return Reply(answer.status, named, await answer.read())

    async def get(self, path: str, **options: Any) -> Reply:
        return await self.send("GET", path, **options)

    async def post(self, path: str, value: Any, **options: Any) -> Reply:
        return await self.send("POST", path, value, **options)

    async def put(self, path: str, value: Any = None, **options: Any) -> Reply:
        return await self.send("PUT", path, value, **options)

    async def delete(self, path: str, **options: Any) -> Reply:
        return await self.send("DELETE", path, **options)

    @property
    def engine(self) -> AsyncEngine:
        return self.parts.engine

    @property
    def kafka(self) -> ScriptedPublisher:
        return self.parts.kafka

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """(channel, payload) of what was shown on users' channels."""
        return [
            (channel, json.loads(update.payload))
            for update in (self._decoded(each, LiveUpdate) for each in self._of(USER_LIVE.name))
            for channel in update.channels
        ]

    def receipts(self) -> list[PushReceipt]:
        return [self._decoded(each, PushReceipt) for each in self._of(PUSH_RECEIPTS.name)]

    def _of(self, topic: str) -> list[OutRecord]:
        return [each for each in self.kafka.records if each.topic == topic]

    def _decoded(self, record: OutRecord, into: Any) -> Any:
        return self.parts.codec.decode(record.value or b"", into)


class Parts(msgspec.Struct):
    """What a control_api in a test is made of."""

    engine: AsyncEngine
    kafka: ScriptedPublisher
    presence: MemoryPresence
    cache: MemoryNotices
    codec: AvroCodec
    revocations: Revocations
    store: MemoryCredentials
    backend: Minted
    known: bool = True


def _codec() -> AvroCodec:
    registry, files = MemoryRegistry(), SchemaFiles()
    for topic in TOPICS:
        assert topic.record is not None
        registry.register(topic.subject, schema_text(files.current(topic.record)))
    codec = AvroCodec(registry, files)
    codec.prepare(TOPICS)
    return codec


async def _parts(engine: AsyncEngine) -> Parts:
    backend = mint_backend(fleet=None, tenant="acme", now=clock())
    store = MemoryCredentials(clock)
    await store.add(backend.credential)
    return Parts(
        engine=engine,
        kafka=ScriptedPublisher(),
        presence=MemoryPresence(),
        cache=MemoryNotices(),
        codec=_codec(),
        revocations=Revocations(clock),
        store=store,
        backend=backend,
    )


@asynccontextmanager
async def running_control(postgres_url: str, **settings: Any) -> AsyncIterator[Control]:
    """A control_api with these ControlSettings, on a database with all tables."""
    engine = open_engine(PostgresSettings(url=SecretStr(postgres_url), connect_seconds=2), "tests")
    try:
        parts = await _parts(engine)
        health, registry = Health(), CollectorRegistry()
        book = CredentialBook(
            parts.store,
            CredentialsSettings(),
            condition=health.require("credentials"),
            metrics=BookMetrics(registry),
        )
        adapters = Adapters(
            engine=engine,
            presence=parts.presence,
            preferences_cache=parts.cache,
            publisher=parts.kafka,
            encoder=parts.codec,
            tokens=TokenVerifier(AccessSettings(jwt_hmac_secret=SecretStr(SECRET))),
            revocations=parts.revocations,
            revocations_known=lambda: parts.known,
            authenticator=Authenticator(book, clock),
            types=NotificationsSettings().load(),
            now=clock,
        )
        app = build_app(ControlSettings(**settings), adapters, health, registry)
        limits = HttpLimits(linger_seconds=1.0, drain_seconds=0.5)
        async with serving(app, limits=limits) as url, aiohttp.ClientSession() as session:
            yield Control(url, session, parts)
    finally:
        await engine.dispose()
