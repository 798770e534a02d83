"""Each test here runs with every official client."""

from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from tests.clients.official import JavaScriptClient, OfficialClient, PythonClient


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(params=[JavaScriptClient, PythonClient], ids=["npm centrifuge", "centrifuge-python"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[OfficialClient]:
    client: OfficialClient = request.param()
    yield client
    await client.close()
