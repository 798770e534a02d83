"""What operators and orchestrators ask of every process: is it alive, is it ready, how is it doing."""

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from runtime.health import Health


def add_probes(app: web.Application, health: Health, registry: CollectorRegistry) -> None:
    """Serve `/healthz` (200 while the event loop turns), `/readyz` (200 or 503, with the conditions) and `/metrics`."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(body=b'{"alive":true}', content_type="application/json")

    async def readyz(_: web.Request) -> web.Response:
        report = health.report()
        status = 200 if report["ready"] else 503
        return web.Response(status=status, body=msgspec.json.encode(report), content_type="application/json")

    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
