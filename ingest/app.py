"""The HTTP interface of ingest: which path leads to what."""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry

from ingest.admission import Caller
from ingest.batches import Admit, BatchRoad
from ingest.carrying import Carrier
from ingest.edge import Edge
from ingest.intake import Intake
from ingest.metrics import ItemMetrics
from ingest.openapi import openapi_document
from ingest.ping_intake import PingIntake
from ingest.reference_road import ReferenceRoad
from ingest.settings import IngestSettings
from ingest.status_intake import StatusIntake
from runtime.health import Health
from runtime.http.body_reader import BodyReader
from runtime.http.probes import add_probes
from runtime.http.request_counting import count_requests
from runtime.http.server import new_app

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(edge: Edge, health: Health, registry: CollectorRegistry) -> web.Application:
    """The application, to be served."""
    settings, admission, metrics = edge.settings, edge.admission, edge.metrics
    bodies = BodyReader(settings, edge.budget)

    def road(intake: Intake, admit: Admit, items: ItemMetrics) -> BatchRoad:
        return BatchRoad(
            Carrier(intake, edge.publisher, edge.now),
            admit=admit,
            admission=admission,
            bodies=bodies,
            metrics=items,
            most_items=settings.batch_items,
        )

    async def admit_backend(request: web.Request) -> Caller:
        return await admission.admit_backend(request.headers.get("Authorization"))

    reference = ReferenceRoad(
        admission=admission, bodies=bodies, publisher=edge.publisher, metrics=metrics.reference, now=edge.now
    )
    pings = road(PingIntake(edge.times), admission.admit, metrics.pings)
    status_changes = road(StatusIntake(edge.times), admission.admit, metrics.status_changes)
    notifications = road(edge.notifications, admit_backend, metrics.notifications)
    app = new_app()
    app.middlewares.insert(0, count_requests(metrics.requests))
    app.router.add_post("/v1/pings", pings.post)
    app.router.add_post("/v1/status-changes", status_changes.post)
    app.router.add_post("/v1/notifications", notifications.post)
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
