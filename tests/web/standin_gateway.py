"""A stand-in for the gateway over a real port: as much of the Centrifuge protocol (JSON) as the page uses."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

OWN_CHANNEL = "user:demo/u42"


class StandinGateway:
    """One channel with a snapshot, and the user's own, which comes without asking.

    `refusal` (code, message) is what a subscribe is answered instead.
    """

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.url = ""
        self.refusal: tuple[int, str] | None = None
        self.connects = 0
        self.subscribed = asyncio.Event()
        self.acked: list[str] = []
        """Ids of notifications, in the order of their acknowledgements."""
        self._offset = 0
        self._connected: set[web.WebSocketResponse] = set()
        self._sockets: dict[web.WebSocketResponse, str] = {}

    async def publish(self, payload: dict[str, Any]) -> None:
        """Keeps it for snapshots and sends it to whoever subscribed."""
        self._offset += 1
        entity = payload.get("entity") or f"asset/{payload['asset']}"
        self.items[payload["kind"], entity] = payload
        publication = {"data": payload, "offset": self._offset}
        for socket, channel in list(self._sockets.items()):
            await socket.send_str(json.dumps({"push": {"channel": channel, "pub": publication}}))

    async def tell(self, payload: dict[str, Any]) -> None:
        """Sends it to all on the user's own channel."""
        self._offset += 1
        push = {"channel": OWN_CHANNEL, "pub": {"data": payload, "offset": self._offset}}
        for socket in list(self._connected):
            await socket.send_str(json.dumps({"push": push}))

    async def close_all(self, code: int, reason: str) -> None:
        for socket in list(self._connected):
            await socket.close(code=code, message=reason.encode())

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connects += 1
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            for line in message.data.splitlines():
                await self._answer(socket, json.loads(line))
        self._sockets.pop(socket, None)
        self._connected.discard(socket)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, command: dict[str, Any]) -> None:
        reply: dict[str, Any] = {"id": command.get("id")}
        if "connect" in command:
            own = {"recoverable": True, "positioned": True, "epoch": "e1", "offset": self._offset}
            reply["connect"] = {
                "client": "c1",
                "version": "standin",
                "ping": 25,
                "pong": True,
                "subs": {OWN_CHANNEL: own},
            }
            self._connected.add(socket)
        elif "rpc" in command:
            self.acked += command["rpc"]["data"]["ids"]
            reply["rpc"] = {"data": {"acked": command["rpc"]["data"]["ids"]}}
        elif "subscribe" in command and self.refusal is not None:
            reply["error"] = {"code": self.refusal[0], "message": self.refusal[1], "temporary": self.refusal[0] == 100}
        elif "subscribe" in command:
            items = [{"kind": kind, "entity": entity, "payload": item} for (kind, entity), item in self.items.items()]
            data = {"offset": self._offset, "items": items}
            reply["subscribe"] = {
                "recoverable": True,
                "positioned": True,
                "epoch": "e1",
                "offset": self._offset,
                "data": data,
            }
            self._sockets[socket] = command["subscribe"]["channel"]
        else:
            return
        await socket.send_str(json.dumps(reply))
        if "subscribe" in reply:
            self.subscribed.set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["StandinGateway"]:
        app = web.Application()
        app.router.add_get("/connection/websocket", self._connect)
        runner = web.AppRunner(app, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/connection/websocket"
            yield self
        finally:
            await self.close_all(WSCloseCode.GOING_AWAY, "over")
            await runner.cleanup()
