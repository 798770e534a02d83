"""Each test here runs with every official client."""

import functools
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from tests.clients.official import JavaScriptClient, OfficialClient, PythonClient


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


KINDS = {
    f"{name}, {encoding}": functools.partial(kind, encoding)
    for name, kind in (("npm centrifuge", JavaScriptClient), ("centrifuge-python", PythonClient))
    for encoding in ("json", "protobuf")
} | {
    f"npm centrifuge, {encoding}, {transport}": functools.partial(JavaScriptClient, encoding, transport)
    for encoding, transport in (("json", "sse"), ("json", "http_stream"), ("protobuf", "http_stream"))
}
"""Each client in each encoding, and those that can without a WebSocket."""


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
async def client(request: pytest.FixtureRequest) -> AsyncIterator[OfficialClient]:
    client: OfficialClient = request.param()
    yield client
    await client.close()
