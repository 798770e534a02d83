"""An identity provider that publishes its keys on a real port."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.access.signing import RSA_KEY, PrivateKey, jwk, key_set


class Provider:
    """What its server answers: `publish` rotates, `status` and `hang` break it. `asked` has when it was."""

    def __init__(self) -> None:
        self.document = key_set(jwk(RSA_KEY, kid="rsa-1", use="sig"))
        self.status = 200
        self.hang = asyncio.Event()
        self.hang.set()
        self.asked: list[float] = []
        self.url = ""

    def publish(self, **keys: PrivateKey) -> None:
        self.document = key_set(*(jwk(key, kid=name) for name, key in keys.items()))

    async def answer(self, _: web.Request) -> web.Response:
        self.asked.append(time.monotonic())
        await self.hang.wait()
        headers = {"Location": self.url} if self.status == 302 else None
        return web.Response(body=self.document, status=self.status, headers=headers)


@asynccontextmanager
async def key_provider() -> AsyncIterator[Provider]:
    provider = Provider()
    app = web.Application()
    app.router.add_get("/keys", provider.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}/keys"
    try:
        yield provider
    finally:
        provider.hang.set()
        await runner.cleanup()
