"""The identity provider's key set, as a process has it."""

from aiohttp import ClientSession

from access.jwks_book import JwksBook
from access.jwks_http import HttpJwks
from access.metrics import JwksMetrics
from access.settings import AccessSettings
from runtime.process import Process


def published_keys(settings: AccessSettings, process: Process) -> JwksBook | None:
    """The key set, read by a service of the process; None if the settings name none."""
    if settings.jwt_jwks_url is None:
        return None
    http = ClientSession()
    process.resources.push_async_callback(http.close)
    source = HttpJwks(http, settings.jwt_jwks_url)
    condition = process.health.require("jwks")
    book = JwksBook(source, settings, condition=condition, metrics=JwksMetrics(process.registry))
    process.add(book)
    return book
