"""The gateway as a service: listens, and on the way out sends its clients elsewhere."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from push_service.gateway.gateway import Gateway
from runtime.health import Condition
from runtime.http.server import http_door, url_of

log = structlog.get_logger(__name__)

_BACKLOG = 4_096


class GatewayService:
    """Serves WebSockets and HTTP on one port until it is told to stop."""

    name = "gateway"

    def __init__(
        self,
        gateway: Gateway,
        app: web.Application,
        listening: Condition,
        on_started: Callable[[], None],
        orders_known: Callable[[asyncio.Event], Awaitable[bool]],
    ) -> None:
        """`app` serves every path but the WebSocket's; `on_started` is called once all that stays is there.

        `orders_known` returns once everything revoked so far is: before, nobody may connect. False: it is too late.
        """
        self._gateway = gateway
        self._app = app
        self._condition = listening
        self._on_started = on_started
        self._orders_known = orders_known
        self.listening = asyncio.Event()
        self.url = ""
        """`http://host:port`, once `listening` is set."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Raises OSError if the address cannot be bound."""
        if await self._orders_known(stopping):
            await self._serve(stopping)
        self._gateway.feeds.close()
        self._gateway.scans.close()

    async def _serve(self, stopping: asyncio.Event) -> None:
        settings = self._gateway.settings
        door = self._gateway.door
        async with http_door(self._app) as door.new_http:
            listener = await asyncio.get_running_loop().create_server(
                door, settings.host, settings.port, backlog=_BACKLOG
            )
            for each in listener.sockets:
                # Accepted sockets inherit it: what the system holds for a slow client counts in no queue of ours.
                each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer_bytes)
            self.url = url_of(listener.sockets[0])
            log.info("listening", url=self.url)
            self._on_started()
            self._condition.up()
            self.listening.set()
            await stopping.wait()
            self._condition.down("stopping")
            listener.close()
            streams = self._gateway.streams
            await asyncio.gather(door.drain(settings.drain_seconds), streams.drain(settings.drain_seconds))
