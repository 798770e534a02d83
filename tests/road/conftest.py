"""One product for all tests of the road; each test has a fleet of its own on it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from benchmarks.replays.data_team import DataTeam
from devstack.demo import Demo
from tests.road.fleet import Fleet, open_fleet


@pytest.fixture
async def fleet(demo: Demo, unique: str) -> AsyncIterator[Fleet]:
    """A fleet with a back end, a device `device-1` bound to truck-7 and truck-8, and a viewer."""
    async with open_fleet(demo, unique) as fleet:
        yield fleet


@pytest.fixture
async def data_team(demo: Demo) -> AsyncIterator[DataTeam]:
    """Reads topics with Confluent's own client."""
    reader = await asyncio.to_thread(DataTeam, demo.stack.kafka_bootstrap, demo.stack.registry_url)
    yield reader
    await asyncio.to_thread(reader.close)
