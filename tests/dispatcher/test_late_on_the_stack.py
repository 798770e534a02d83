"""Digests and quiet hours on a whole stack: by the public ways, to the phones."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from devstack.demo import Demo
from tests.dispatcher.push_watch import PushWatch
from tests.product_settings import RESTFUL

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]  # a stack of its own, and quiet hours end with a minute

WINDOW_SECONDS = 15
TYPES = {"burst": {"title": "Burst", "digest": {"after": 1, "seconds": WINDOW_SECONDS}}}


@pytest.fixture(scope="module")
def own_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """With a type of its own, whose window is short."""
    settings = {"FLEETCAST_NOTIFICATIONS_TYPES": json.dumps(TYPES), **RESTFUL}
    with Demo(tmp_path_factory.mktemp("late"), settings=settings) as demo:
        yield demo
        shutil.rmtree(demo.stack.site.data, ignore_errors=True)


async def test_a_burst_is_pushed_as_one_when_its_window_ends(own_demo: Demo) -> None:
    async with aiohttp.ClientSession() as session:
        watch = PushWatch(own_demo.describe(), session)
        await watch.post("b0", type="burst")
        await watch.pushed("b0")
        for name in ("b1", "b2", "b3", "b4"):
            await watch.post(name, type="burst", body=name)
            await watch.until_state("held", name)
        await watch.pushed("b4")
        assert await watch.bodies("b4") == {"b4, and 3 more"}
        for name in ("b1", "b2", "b3"):
            await watch.until_state("cancelled", name)
            assert await watch.arrivals(name) == []
            assert ("cancelled", "digest") in (await watch.history(name))[1]


async def test_quiet_hours_hold_a_push_until_they_end(own_demo: Demo) -> None:
    end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    if end - datetime.now(UTC) < timedelta(seconds=15):
        end += timedelta(minutes=1)
    begin = end - timedelta(hours=2)
    async with aiohttp.ClientSession() as session:
        watch = PushWatch(own_demo.describe(), session)
        await watch.prefer({"quiet_hours": {"start": f"{begin:%H:%M}", "end": f"{end:%H:%M}", "zone": "UTC"}})
        await watch.post("q1")
        await watch.post("q2", type="alert")  # quiet hours do not hold this type
        await watch.pushed("q2")
        await watch.until_state("held", "q1")
        assert await watch.arrivals("q1") == []
        await asyncio.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()))
        await watch.pushed("q1")
        assert ("held", "quiet-hours") in (await watch.history("q1"))[1]
        await watch.prefer({})
