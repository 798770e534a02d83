"""Processes die between two steps, and Redis is emptied: the short form of `make prove OPTIONS=notices`."""

import shutil
from collections.abc import Iterator

import pytest

from benchmarks.notices.faults import NOTICE_FAULTS, NoticeFault, at_once
from benchmarks.notices.proving import NoticePace, Proving
from benchmarks.proofs.notices import SETTINGS
from devstack.demo import Demo
from tests.product_settings import RESTFUL, SOON_MISSED

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

PACE = NoticePace(rate=4, steady=0.5, within=90.0)
SHORT = (
    (
        "dispatcher killed at dispatcher.published",
        "gateway killed at gateway.acked",
        "address killed at address.put-off",
    ),
    ("dispatcher killed at returned.digest-taken", "control_api killed at control.acked", "Redis emptied"),
)
"""Those of a line at once."""


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("notices"), settings=SETTINGS | SOON_MISSED | RESTFUL) as demo:
        yield demo
    shutil.rmtree(demo.stack.site.data, ignore_errors=True)


def faults() -> list[NoticeFault]:
    known = {fault.name: fault for fault in NOTICE_FAULTS}
    return [at_once(*(known[name] for name in names)) for names in SHORT]


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.name.replace(" killed at ", "-").replace(", ", "-"))
async def test_everybody_is_told_once_and_every_timeline_says_how(fault: NoticeFault, stand: Demo) -> None:
    async with Proving.on(stand, PACE) as proving:
        outcome = await proving.endure(fault)
    assert outcome.faults == []
    assert outcome.events > 0
