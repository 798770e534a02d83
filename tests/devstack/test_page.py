"""The page's server: right types, right caching, nothing outside the build, plain words when something is missing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from devstack.page import Page

STACK = {"ingest_url": "http://i", "gateway_url": "ws://g/connection/websocket", "fleet": "demo.eu"}
STACK |= {"control_url": "http://c", "viewer": "u42", "viewer_jwt": "j.w.t"}
Client = TestClient[Request, Application]


def write(path: Path, text: str) -> None:
    path.write_text(text)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return tmp_path / "stack.json"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html>the page")
    (dist / "assets" / "index-abc.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    return dist


@pytest.fixture
async def page(dist: Path, stack: Path) -> AsyncIterator[Client]:
    async with TestClient(TestServer(Page(dist, stack).app())) as client:
        yield client


async def test_configuration_is_read_anew_at_each_request_and_never_kept(page: Client, stack: Path) -> None:
    answer = await page.get("/config.json")
    assert answer.status == 503
    assert "the stack is not running" in (await answer.json())["detail"]
    write(stack, json.dumps(STACK | {"backend_credential": "not for the page"}))
    answer = await page.get("/config.json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert await answer.json() == {
        "gateway_url": "ws://g/connection/websocket",
        "token": "j.w.t",
        "fleet": "demo.eu",
        "control_url": "http://c",
        "user_channel": "user:demo/u42",
        "title": "Fleetcast",
        "roads": "/roads.geojson",
    }


async def test_half_written_stack_file_is_an_answer_not_a_crash(page: Client, stack: Path) -> None:
    write(stack, '{"fleet": ')
    answer = await page.get("/config.json")
    assert answer.status == 503
    assert "cannot be read" in (await answer.json())["detail"]


async def test_roads_are_geojson(page: Client) -> None:
    answer = await page.get("/roads.geojson")
    assert answer.content_type == "application/geo+json"
    classes = {feature["properties"]["class"] for feature in (await answer.json(content_type=None))["features"]}
    assert classes == {"street", "arterial", "motorway", "urban", "sand", "park", "water", "place"}


async def test_built_files_are_kept_for_ever_and_the_page_itself_never(page: Client) -> None:
    assert "immutable" in (await page.get("/assets/index-abc.js")).headers["Cache-Control"]
    assert (await page.get("/")).headers["Cache-Control"] == "no-cache"


async def test_any_path_that_is_no_file_is_the_page(page: Client) -> None:
    assert await (await page.get("/assets-of/truck-7")).text() == "<!doctype html>the page"
    assert (await page.get("/missing.js")).status == 404


async def test_nothing_outside_the_build_is_served(page: Client) -> None:
    for path in ("/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt"):
        answer = await page.get(path)
        assert "secret" not in await answer.text()


async def test_every_answer_has_the_security_headers(page: Client) -> None:
    for path in ("/", "/config.json", "/roads.geojson", "/missing.js", "/assets/index-abc.js"):
        headers = (await page.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"


async def test_missing_build_is_told_with_the_way_to_make_it(tmp_path: Path, stack: Path) -> None:
    async with TestClient(TestServer(Page(tmp_path / "nothing", stack).app())) as client:
        answer = await client.get("/")
        assert answer.status == 503
        assert "npm run build" in await answer.text()
