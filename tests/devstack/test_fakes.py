"""The fakes' own door: the page of the phones, and the way to make providers fail."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from devstack.fakes.keys import KeyFiles
from devstack.fakes.serving import Fakes, Ports, serving
from devstack.ports import LOOPBACK, free_port


@pytest.fixture
async def fakes(tmp_path: Path) -> AsyncIterator[Fakes]:
    ports, keys = Ports(*(free_port() for _ in range(4))), KeyFiles(tmp_path)
    keys.make(f"http://{LOOPBACK}:{ports.fcm}/token")
    async with serving(keys, ports) as fakes:
        yield fakes


@pytest.fixture
async def http(fakes: Fakes) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://{LOOPBACK}:{fakes.ports.page}") as session:
        yield session


def show(fakes: Fakes, name: str, body: str = "") -> None:
    fakes.phones.show("fcm", "token-1", name, {"id": name, "type": "message", "title": "Hello", "body": body})


async def test_the_page_needs_nothing_from_elsewhere(http: aiohttp.ClientSession) -> None:
    async with http.get("/") as answer:
        page = await answer.text()
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "http://" not in page
    assert "https://" not in page


async def test_a_phone_shows_the_newest_first_and_one_of_each_name(fakes: Fakes, http: aiohttp.ClientSession) -> None:
    show(fakes, "a", "first")
    show(fakes, "b")
    show(fakes, "a", "second")
    await (await http.put("/labels", json={"provider": "fcm", "token": "token-1", "label": "Ann's phone"})).read()

    async with http.get("/phones") as answer:
        (phone,) = await answer.json()

    assert (phone["label"], phone["arrived"]) == ("Ann's phone", 3)
    assert [(each["name"], each["body"], each["replaced"]) for each in phone["shown"]] == [
        ("a", "second", 1),
        ("b", "", 0),
    ]


async def test_the_page_is_told_of_what_arrives(fakes: Fakes, http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(10), http.get("/events") as events:
        first = await events.content.readline()
        show(fakes, "a")
        lines = [await events.content.readline() for _ in range(2)]

    assert first.startswith(b"data: ")
    assert lines[1].startswith(b"data: ")
    assert lines[1] != first


@pytest.mark.parametrize("body", ["{}", "nonsense", '{"provider":"fcm","next":[{"nmae":"INTERNAL"}]}'])
async def test_a_plan_that_makes_no_sense_is_refused(http: aiohttp.ClientSession, body: str) -> None:
    async with http.post("/answers", data=body) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("plan", [{"provider": "pigeon"}, {"provider": "fcm", "next": [{"name": "NO_SUCH_ROW"}]}])
async def test_an_unknown_provider_or_row_is_refused(http: aiohttp.ClientSession, plan: dict[str, object]) -> None:
    async with http.post("/answers", json=plan) as answer:
        assert answer.status == 400
