"""The HTTP interface of ingest: which path leads to what."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry

from access.authenticator import Authenticator
from ingest.admission import Admission
from ingest.batches import BatchRoad
from ingest.body_reader import BodyReader
from ingest.event_times import Clock, EventTimes
from ingest.metrics import IngestMetrics
from ingest.openapi import openapi_document
from ingest.ping_intake import PingIntake
from ingest.publishing import EventPublisher
from ingest.reference_road import ReferenceRoad
from ingest.request_counting import count_requests
from ingest.settings import IngestSettings
from ingest.status_intake import StatusIntake
from runtime.health import Health
from runtime.http.probes import add_probes
from runtime.http.server import new_app

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(
    settings: IngestSettings,
    *,
    authenticator: Authenticator,
    publisher: EventPublisher,
    health: Health,
    registry: CollectorRegistry,
    now: Clock,
) -> web.Application:
    """The application, to be served."""
    metrics = IngestMetrics(registry)
    admission = Admission(authenticator, settings)
    bodies = BodyReader(settings)
    times = EventTimes(settings)

    def road(intake: PingIntake | StatusIntake) -> BatchRoad:
        return BatchRoad(
            intake,
            admission=admission,
            bodies=bodies,
            publisher=publisher,
            metrics=metrics.pings if isinstance(intake, PingIntake) else metrics.status_changes,
            most_items=settings.batch_items,
            now=now,
        )

    reference = ReferenceRoad(
        admission=admission, bodies=bodies, publisher=publisher, metrics=metrics.reference, now=now
    )
    app = new_app()
    app.middlewares.insert(0, count_requests(metrics.requests))
    app.router.add_post("/v1/pings", road(PingIntake(times)).post)
    app.router.add_post("/v1/status-changes", road(StatusIntake(times)).post)
    app.router.add_put("/v1/reference/{kind}/{id}", reference.put)
    app.router.add_delete("/v1/reference/{kind}/{id}", reference.delete)
    app.router.add_get("/v1/openapi.json", _serve_openapi(settings))
    add_probes(app, health, registry)
    return app


def _serve_openapi(settings: IngestSettings) -> _Handler:
    body = msgspec.json.format(msgspec.json.encode(openapi_document(settings)))

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return openapi
