"""A push service with its browsers: it checks VAPID tokens and decrypts, as RFC 8030, 8291 and 8292 say."""

import asyncio
import base64
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import http_ece
import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from devstack.ports import LOOPBACK


@dataclass(frozen=True)
class Said:
    """What the push service answers in place of yes."""

    status: int
    body: bytes | str = ""
    headers: dict[str, str] = field(default_factory=dict)
    breaks: bool = False
    """No answer: the connection is broken off."""


@dataclass
class Browser:
    """One subscription."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey
    secret: bytes
    shown: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def push_token(self) -> str:
        return subscription(self.endpoint, self.key, self.secret)


def subscription(endpoint: str, key: ec.EllipticCurvePrivateKey | None = None, secret: bytes | None = None) -> str:
    """As installations have it."""
    point = (key or ec.generate_private_key(ec.SECP256R1())).public_key()
    keys = {
        "p256dh": text(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
        "auth": text(secret or secrets.token_bytes(16)),
    }
    return json.dumps({"endpoint": endpoint, "keys": keys})


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(data: str) -> bytes:
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))


class PushService:
    """Browsers subscribe with `public_key` (base64url): who signs with another is refused."""

    def __init__(self, public_key: str) -> None:
        self.public_key = public_key
        self.url = ""
        self.browsers: dict[str, Browser] = {}
        self.planned: deque[Said] = deque()
        self.requests = 0

    def subscribe(self) -> Browser:
        name = secrets.token_urlsafe(12)
        key = ec.generate_private_key(ec.SECP256R1())
        self.browsers[name] = Browser(f"{self.url}/push/{name}", key, secrets.token_bytes(16))
        return self.browsers[name]

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/push/{name}", self.push)
        app.router.add_post("/elsewhere", self.push)
        return app

    async def push(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        body = await request.read()
        if self.planned:
            said = self.planned.popleft()
            if said.breaks:
                assert request.transport is not None
                request.transport.abort()
                await asyncio.sleep(0)
            return web.Response(status=said.status, body=said.body, headers=said.headers)
        browser = self.browsers.get(request.match_info.get("name", ""))
        if browser is None:
            return web.Response(status=410, text="push subscription has unsubscribed or expired.")
        if not self._signed(request.headers["Authorization"]):
            return web.json_response({"reason": "BadJwtToken"}, status=403)
        browser.bodies.append(body)
        browser.headers.append(dict(request.headers))
        plain = http_ece.decrypt(body, private_key=browser.key, auth_secret=browser.secret)
        browser.shown.append(json.loads(plain))
        return web.Response(status=201, headers={"Location": f"{self.url}/message/1"})

    def _signed(self, authorization: str) -> bool:
        scheme, _, rest = authorization.partition(" ")
        parts = dict(each.strip().split("=", 1) for each in rest.split(","))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(parts["k"]))
        claims = jwt.decode(parts["t"], key, ["ES256"], audience=self.url)
        assert claims["exp"] - time.time() <= 24 * 3_600
        return scheme == "vapid" and parts["k"] == self.public_key and claims["sub"].startswith("mailto:")


async def serve(service: PushService) -> web.AppRunner:
    runner = web.AppRunner(service.app(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    port = runner.addresses[0][1]
    service.url = f"http://{LOOPBACK}:{port}"
    return runner
