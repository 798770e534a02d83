"""The built page in a real browser, fed by stand-ins. `make test` provides page and browser."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from devstack.page import Page
from tests.web.browser import Browser, open_browser
from tests.web.standin_control import StandinControl
from tests.web.standin_gateway import StandinGateway

PROJECT = Path(__file__).parents[2]
DIST = PROJECT / "web" / "dist"


@dataclass(frozen=True)
class Stage:
    """All that a test of the page needs."""

    browser: Browser
    gateway: StandinGateway
    control: StandinControl
    url: str

    async def open_live(self, *, view: str = "desktop", dark: bool = False) -> None:
        await self.browser.open(self.url, view=view, dark=dark)
        await self.browser.until("document.querySelector('#link').dataset.phase === 'live'")


@pytest.fixture(scope="session")
def light_dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page with the coarse coast in place of the fine one, which costs a browser without a GPU 3 s to draw."""
    assert (DIST / "index.html").is_file(), "the page is not built: make setup"
    light = tmp_path_factory.mktemp("web") / "dist"
    shutil.copytree(DIST, light)
    for end in ("json", "json.gz"):
        (fine,) = light.glob(f"assets/countries-10m-*.{end}")
        (coarse,) = light.glob(f"assets/countries-110m-*.{end}")
        shutil.copyfile(coarse, fine)
    return light


@pytest.fixture
async def stage(tmp_path: Path, light_dist: Path) -> AsyncIterator[Stage]:
    async with _staged(tmp_path / "stack.json", light_dist) as stage:
        yield stage


@pytest.fixture
async def whole_stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """With the page as it is built, to the last of its coasts."""
    async with _staged(tmp_path / "stack.json", DIST) as stage:
        yield stage


@asynccontextmanager
async def _staged(stack: Path, dist: Path) -> AsyncIterator[Stage]:
    assert (PROJECT / "tests/web/node_modules").is_dir(), "the browser is not installed: make test"
    gateway = StandinGateway()
    control = StandinControl(gateway.tell)
    async with (
        gateway.serving(),
        TestServer(control.app()) as api,
        TestServer(Page(dist, stack).app()) as server,
        open_browser() as browser,
    ):
        _write_stack(stack, gateway.url, str(api.make_url("/")))
        yield Stage(browser, gateway, control, str(server.make_url("/")))


def _write_stack(path: Path, gateway_url: str, control_url: str) -> None:
    stack = {"ingest_url": "http://x", "gateway_url": gateway_url, "control_url": control_url, "fleet": "demo"}
    path.write_text(json.dumps(stack | {"backend_credential": "x", "viewer": "u42", "viewer_jwt": "a.b.c"}))
