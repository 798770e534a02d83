"""Each part is killed under load, or loses what it had: the short form of `make prove`."""

import shutil
from collections.abc import Iterator

import pytest

from benchmarks.faults import FAULTS, Fault, Pace, Proving
from devstack.demo import Demo
from tests.product_settings import RESTFUL, SOON_MISSED

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

PACE = Pace(rate=100, assets=20, steady=0.5, outage=0.3, calm=0.6, heal_within=90.0)
# By default a snapshot serves for a second: `make prove` has it so.
SETTINGS = {"FLEETCAST_GATEWAY_SNAPSHOT_SECONDS": "0", **SOON_MISSED, **RESTFUL}


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("faults"), settings=SETTINGS) as demo:
        yield demo
    shutil.rmtree(demo.stack.site.data, ignore_errors=True)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_no_ping_is_lost_and_nothing_goes_back_when(fault: Fault, stand: Demo) -> None:
    """It heals, and then the books balance.

    Every acknowledged ping is a position, and if news, live; no client that drops known ids is shown one twice or
    misses one; no asset goes back in event time; every snapshot that was given meanwhile was right.
    """
    async with Proving.on(stand, PACE) as proving:
        outcome = await proving.endure(fault)
    assert outcome.faults == []
    assert outcome.healed_after is not None, outcome.line()
    assert outcome.acknowledged > 0
