"""A stand-in for the control API over a real port: as much of the inbox as the page uses, kept in memory."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
}


class StandinControl:
    """`refusal` is the status of every answer as long as it is set."""

    def __init__(self, tell: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """`tell` publishes on the user's own channel."""
        self._tell = tell
        self.items: list[dict[str, Any]] = []
        self.refusal: int | None = None
        self.asked: list[str] = []

    def store(self, title: str, *, ago: float = 0.0, replaces: str | None = None, **more: Any) -> dict[str, Any]:
        """Puts a notification into the inbox, and tells nobody. Returns what would be published of it."""
        self.items = [item for item in self.items if item["id"] != replaces]
        seq = max((item["seq"] for item in self.items), default=0) + 1
        time = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat()
        item: dict[str, Any] = {"id": f"n{seq}", "seq": seq, "type": "order_status", "title": title, "body": ""}
        item |= {"data": None, "priority": "high", "time": time, "about": None, **more}
        self.items.append({**item, "read": False, "acked_at": None})
        return {"kind": "notification", **item, "replaces": replaces}

    async def notify(self, title: str, **more: Any) -> dict[str, Any]:
        """Stores it and publishes it."""
        payload = self.store(title, **more)
        await self._tell(payload)
        return payload

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._refuse])
        app.router.add_get("/v1/inbox", self._list)
        app.router.add_post("/v1/inbox/{deed:read|archive}", self._change)
        return app

    @property
    def unread(self) -> int:
        return sum(not item["read"] for item in self.items)

    @web.middleware
    async def _refuse(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return web.Response(headers=_CORS)
        self.asked.append(f"{request.method} {request.path_qs}")
        answer = web.Response(status=self.refusal) if self.refusal else await handler(request)
        answer.headers.update(_CORS)
        return answer

    async def _list(self, request: web.Request) -> web.StreamResponse:
        limit, cursor = int(request.query["limit"]), request.query.get("cursor", "")
        if "since" in request.query:
            cursor = f"a{request.query['since']}"
        place = int(cursor[1:] or 2**53)
        rising = cursor.startswith("a")
        found = [item for item in self.items if (item["seq"] > place if rising else item["seq"] < place)]
        page = sorted(found, key=lambda item: item["seq"] if rising else -item["seq"])[:limit]
        following = f"{cursor[:1] or 'b'}{page[-1]['seq']}" if len(page) == limit else None
        return web.json_response({"items": page, "next": following, "unread": self.unread, "more": False})

    async def _change(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        ids, up_to = body.get("ids", []), body.get("up_to", 0)
        meant = [item for item in self.items if item["id"] in ids or item["seq"] <= up_to]
        event = "read"
        for item in meant:
            item["read"] = True
        if request.match_info["deed"] == "archive":
            event = "archived"
            self.items = [item for item in self.items if item not in meant]
        news = {"kind": "inbox", "event": event, "ids": ids, "up_to": body.get("up_to"), "unread": self.unread}
        await self._tell({**news, "time": datetime.now(UTC).isoformat()})
        return web.json_response({"changed": len(meant), "left": False, "unread": self.unread, "more": False})
