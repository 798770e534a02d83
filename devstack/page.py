"""`python -m devstack.page`: serves the built page, its configuration and the simulated region's roads."""

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from devstack.fleet.region import build_region
from devstack.fleet.region_map import draw
from devstack.stack_reader import StackFileError, read_stack_file
from domain.channels import user_channel
from domain.ids import tenant_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    # The page's own meta tag holds the rest of its policy; this part works only as a header.
    "Content-Security-Policy": "frame-ancestors 'none'",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"

_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Fleetcast</title>
<body style="font: 16px/1.6 system-ui, sans-serif; max-width: 36em; margin: 12vh auto; padding: 0 1em">
<h1>The page is not built yet</h1>
<p>Run <code>make web</code>, or <code>npm ci &amp;&amp; npm run build</code> in <code>web/</code>,
and load this address again.</p>
</body></html>
"""


class Page:
    """Answers for the page. What is on disk is read at each request, so that a new build or stack needs no restart."""

    def __init__(self, dist: Path, stack: Path) -> None:
        self._dist = dist.resolve()
        self._stack = stack
        self._roads = msgspec.json.encode(draw(build_region()))

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_add_security_headers])
        app.router.add_get("/config.json", self.config)
        app.router.add_get("/roads.geojson", self.roads)
        app.router.add_get("/{path:.*}", self.file)
        return app

    async def config(self, _request: web.Request) -> web.Response:
        """Where gateway and control API are, and a token for both; 503 as long as there is no stack."""
        try:
            stack = read_stack_file(self._stack)
        except StackFileError as error:
            return _json({"title": "Service Unavailable", "status": 503, "detail": str(error)}, status=503)
        return _json(
            {
                "gateway_url": stack.gateway_url,
                "token": stack.viewer_jwt,
                "fleet": stack.fleet,
                "control_url": stack.control_url,
                "user_channel": user_channel(tenant_of(stack.fleet), stack.viewer),
                "title": "Fleetcast",
                "roads": "/roads.geojson",
            }
        )

    async def roads(self, _request: web.Request) -> web.Response:
        answer = web.Response(
            body=self._roads, content_type="application/geo+json", headers={"Cache-Control": _ASK_AGAIN}
        )
        answer.enable_compression()
        return answer

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file of the build; any other path that looks like no file is the page itself."""
        index = self._dist / "index.html"
        if not index.is_file():
            return web.Response(text=_NOT_BUILT, content_type="text/html", status=503)
        path = (self._dist / request.match_info["path"]).resolve()
        if path.is_file() and path.is_relative_to(self._dist):
            hashed = path.parent.name == "assets"  # the build names these after their content
            return web.FileResponse(path, headers={"Cache-Control": _FOR_EVER if hashed else _ASK_AGAIN})
        if path.suffix:
            return web.Response(text="no such file\n", status=404)
        return web.FileResponse(index, headers={"Cache-Control": _ASK_AGAIN})


@web.middleware
async def _add_security_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    answer = await handler(request)
    answer.headers.update(_SECURITY_HEADERS)
    return answer


def _json(value: dict[str, Any], *, status: int = 200) -> web.Response:
    body = msgspec.json.encode(value)
    return web.Response(
        body=body, content_type="application/json", headers={"Cache-Control": "no-store"}, status=status
    )


async def serve(page: Page, port: int) -> None:
    """Serves on 127.0.0.1 until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    runner = web.AppRunner(page.app(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, shutdown_timeout=1).start()
        print(f"page on http://{':'.join(str(part) for part in runner.addresses[0][:2])}", flush=True)
        await stopping.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devstack.page", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one, which is printed")
    parser.add_argument("--dist", type=Path, default=Path("web/dist"))
    parser.add_argument("--stack", type=Path, default=Path("var/stack.json"))
    arguments = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Page(arguments.dist, arguments.stack), arguments.port))


if __name__ == "__main__":
    main()
