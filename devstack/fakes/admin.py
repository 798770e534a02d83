"""The phones' page, and the way to make the fakes fail."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from devstack.fakes.apns import APNS, FakeApns
from devstack.fakes.faults import Answer
from devstack.fakes.fcm import FCM, OAUTH, FakeFcm
from devstack.fakes.fcm_answers import FCM_ANSWERS
from devstack.fakes.phones import Phone, Phones

PAGE = Path(__file__).with_name("page.html")
MOST_ON_PAGE = 12
EVENT_SECONDS = 0.1
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "frame-ancestors 'none'"
)


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a fake is to answer: `next` once each, `always` until `DELETE`."""

    provider: str
    token: str | None = None
    """None: to all."""
    next: list[Answer] = []
    always: Answer | None = None


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A phone's name for people."""

    provider: str
    token: str
    label: str = ""
    environment: str | None = None


class Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether our credentials are refused."""

    provider: str
    revoked: bool


class Admin:
    """HTTP for people and tests: no part of what providers have."""

    def __init__(self, phones: Phones, fcm: FakeFcm, apns: FakeApns) -> None:
        self._phones = phones
        self._fakes: Mapping[str, FakeFcm | FakeApns] = {FCM: fcm, APNS: apns}
        self._faults = {FCM: fcm.faults, OAUTH: fcm.oauth, APNS: apns.faults}
        self._fcm, self._apns = fcm, apns

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/", self.page)
        app.router.add_get("/events", self.events)
        app.router.add_get("/phones", self.phones)
        app.router.add_delete("/phones", self.forget)
        app.router.add_get("/arrivals", self.arrivals)
        app.router.add_get("/counts", self.counts)
        app.router.add_put("/labels", self.label)
        app.router.add_post("/answers", self.plan)
        app.router.add_delete("/answers", self.clear)
        app.router.add_post("/revocations", self.revoke)
        return app

    async def page(self, _request: web.Request) -> web.StreamResponse:
        """For people."""
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
        return web.FileResponse(PAGE, headers=headers)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: one whenever something has changed."""
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await answer.prepare(request)
        version = -1
        while True:
            version = await self._phones.change_after(version)
            await answer.write(f"data: {version}\n\n".encode())
            await asyncio.sleep(EVENT_SECONDS)  # under load not one for each arrival

    async def phones(self, _request: web.Request) -> web.Response:
        """What the phones with the latest arrivals show, the newest first."""
        return _json([_screen(phone) for phone in self._phones.all(MOST_ON_PAGE)])

    async def forget(self, _request: web.Request) -> web.Response:
        """All phones are new again."""
        self._phones.forget()
        return web.Response(status=204)

    async def arrivals(self, _request: web.Request) -> web.Response:
        """Of all phones: what arrived how often and is shown under which name."""
        return _json(self._phones.all())

    async def counts(self, _request: web.Request) -> web.Response:
        """Of the fakes: requests, connections, arrivals by second."""
        return _json(
            {
                "requests": {name: fake.requests for name, fake in self._fakes.items()},
                "access_tokens": self._fcm.tokens_given,
                "apns_connections": self._apns.connections,
                "apns_tokens": len(self._apns.tokens),
                "per_second": self._phones.per_second,
            }
        )

    async def label(self, request: web.Request) -> web.Response:
        """Give a phone a name."""
        label = await _read(request, Label)
        self._phones.label(label.provider, label.token, label.label, label.environment)
        return web.Response(status=204)

    async def plan(self, request: web.Request) -> web.Response:
        """Say what is answered."""
        plan = await _read(request, Plan)
        faults = self._faults.get(plan.provider)
        if faults is None:
            raise web.HTTPBadRequest(text=f"there are {', '.join(self._faults)}\n")
        named = [each.name for each in (*plan.next, *([plan.always] if plan.always else []))]
        unknown = set(named) - {"", *FCM_ANSWERS} if plan.provider != APNS else set()
        if unknown:  # of APNs any reason will do
            raise web.HTTPBadRequest(text=f"there are {', '.join(FCM_ANSWERS)}\n")
        faults.plan(plan.token, plan.next)
        if plan.always is not None:
            faults.always(plan.token, plan.always)
        return web.Response(status=204)

    async def clear(self, _request: web.Request) -> web.Response:
        """Yes to everything again."""
        for faults in self._faults.values():
            faults.clear()
        for fake in self._fakes.values():
            fake.revoke(revoked=False)
        return web.Response(status=204)

    async def revoke(self, request: web.Request) -> web.Response:
        """Credentials are revoked, or good again."""
        revocation = await _read(request, Revocation)
        self._fakes[revocation.provider].revoke(revoked=revocation.revoked)
        return web.Response(status=204)


async def _read(request: web.Request, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from error


def _screen(phone: Phone) -> dict[str, Any]:
    shown = sorted(phone.shown.values(), key=lambda each: each.at, reverse=True)
    return {
        "provider": phone.provider,
        "label": phone.label or f"{phone.token[:12]}",
        "arrived": sum(each.count for each in phone.arrived.values()),
        "shown": shown,
    }


def _json(value: object) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), content_type="application/json", headers={"Cache-Control": "no-store"}
    )
