"""A running ingest for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.ingest.grpc_rig import GrpcIngest, running_grpc
from tests.ingest.process import environment, set_up
from tests.ingest.rig import Ingest, running_ingest


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    async with running_ingest() as running:
        yield running


@pytest.fixture
async def grpc_ingest() -> AsyncIterator[GrpcIngest]:
    async with running_grpc() as running:
        yield running


@pytest.fixture
def environ(kafka_bootstrap: str, registry_url: str, postgres_url: str) -> dict[str, str]:
    settings = environment(
        KAFKA_BOOTSTRAP=kafka_bootstrap,
        REGISTRY_URL=registry_url,
        POSTGRES_URL=postgres_url,
        INGEST_PORT="0",
    )
    set_up(settings)
    return settings
