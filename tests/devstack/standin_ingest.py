"""A stand-in for the ingest API over a real port: keeps what it gets, and misbehaves when told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Judge = Callable[[dict[str, Any]], dict[str, Any]]


def accept(item: dict[str, Any]) -> dict[str, Any]:
    return {"status": "accepted", "id": item.get("id", "made-up"), "flags": []}


def refuse(slug: str, title: str) -> dict[str, Any]:
    return {
        "status": "refused",
        "problem": {"type": f"https://x.test/errors#{slug}", "title": title, "detail": "", "errors": []},
    }


@dataclass
class StandinIngest:
    """`answers` are given first, one a request, in place of a judgement: (status, headers)."""

    judge: Judge = accept
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    pings: list[dict[str, Any]] = field(default_factory=list)
    status_changes: list[dict[str, Any]] = field(default_factory=list)
    references: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    url: str = ""
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for_pings(self, count: int, within: float = 30.0) -> None:
        """Until so many were accepted. Raises TimeoutError."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(lambda: len(self.pings) >= count)

    async def _items(self, request: web.Request, kept: list[dict[str, Any]]) -> web.Response:
        items = await request.json()
        self.bodies.append(items)
        self.authorizations.add(request.headers["Authorization"])
        if self.answers:
            status, headers = self.answers.pop(0)
            return web.json_response({"title": "not now"}, status=status, headers=headers)
        results = [self.judge(item) for item in items]
        kept += [item for item, result in zip(items, results, strict=True) if result["status"] == "accepted"]
        async with self._news:
            self._news.notify_all()
        accepted = sum(result["status"] == "accepted" for result in results)
        return web.json_response(
            {"results": results, "accepted": accepted, "refused": len(results) - accepted}, status=202
        )

    async def _pings(self, request: web.Request) -> web.Response:
        return await self._items(request, self.pings)

    async def _status_changes(self, request: web.Request) -> web.Response:
        return await self._items(request, self.status_changes)

    async def _reference(self, request: web.Request) -> web.Response:
        self.references.append((request.match_info["kind"], request.match_info["id"], await request.json()))
        return web.json_response({}, status=202)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["StandinIngest"]:
        app = web.Application()
        app.router.add_post("/v1/pings", self._pings)
        app.router.add_post("/v1/status-changes", self._status_changes)
        app.router.add_put("/v1/reference/{kind}/{id}", self._reference)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()
