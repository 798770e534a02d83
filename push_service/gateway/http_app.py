"""What the gateway's port serves besides WebSockets."""

from aiohttp import web
from prometheus_client import CollectorRegistry

from push_service.gateway.entrances import SOCKET_PATH
from runtime.health import Health
from runtime.http.probes import add_probes
from runtime.http.server import new_app


def build_app(health: Health, registry: CollectorRegistry) -> web.Application:
    """Probes and metrics; other transports come here."""
    app = new_app()
    add_probes(app, health, registry)
    app.router.add_get(SOCKET_PATH, _needs_a_connection_of_its_own)
    return app


async def _needs_a_connection_of_its_own(_: web.Request) -> web.Response:
    """A connection that has served a request stays HTTP: a WebSocket begins with a connection's first request."""
    text = "this is a WebSocket endpoint: open it on a new connection, with Upgrade: websocket\n"
    return web.Response(status=426, text=text, headers={"Upgrade": "websocket"})
