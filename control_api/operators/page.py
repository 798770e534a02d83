"""Serves the page. It loads nothing from elsewhere, and its script runs under a policy that forbids anything else."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

_HERE = Path(__file__).parent
_FILES = {
    "/operators": ("operators.html", "text/html"),
    "/operators/operators.js": ("operators.js", "text/javascript"),
    "/operators/operators.css": ("operators.css", "text/css"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_page(app: web.Application) -> None:
    """Serves it at `/operators`."""
    for path, (name, kind) in _FILES.items():
        app.router.add_get(path, _serve((_HERE / name).read_bytes(), kind))


def _serve(body: bytes, kind: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_HEADERS)

    return serve
