"""A running ingest for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.ingest.rig import Ingest, running_ingest


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    async with running_ingest() as running:
        yield running
