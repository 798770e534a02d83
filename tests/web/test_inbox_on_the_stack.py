"""From a status change at ingest to the bell: every process, real Kafka, Valkey and PostgreSQL, and a real browser."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from devstack.demo import Demo
from devstack.stack_file import StackFile
from tests.web.browser import Browser, open_browser

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


UNREAD = "(document.querySelector('#bell').ariaLabel.match(/[0-9]+/)?.[0] ?? '0')"
LIVE = "document.querySelector('#link').dataset.phase === 'live'"
CLEARED_WITHIN = 1.0  # seconds, at one of several tries: other tests use the machine too
SOME_STATUSES = {
    "out_for_delivery": "Out for delivery",
    "stage_1": "Stage 1",
    "stage_2": "Stage 2",
    "stage_3": "Stage 3",
}
PUSHED_WITHIN = 6.0  # seconds from the answer to a status change to the phone of who has no page open


class Town:
    """A back end that knows of one order, and the viewer of the page, who follows it."""

    def __init__(self, stack: StackFile, http: aiohttp.ClientSession, order: str) -> None:
        self.stack = stack
        self.order = order
        self.notices = (
            f"[...document.querySelectorAll('.notice')].filter(each => each.innerText.includes('Order {order}'))"
        )
        self._http = http
        self._viewer = {"Authorization": f"Bearer {stack.viewer_jwt}"}

    async def follow(self) -> None:
        path = f"/v1/interests/order/demo/{self.order}"
        async with self._http.put(f"{self.stack.control_url}{path}", headers=self._viewer) as answer:
            assert answer.status == 201, await answer.text()

    async def unread(self) -> int:
        async with self._http.get(f"{self.stack.control_url}/v1/inbox/unread", headers=self._viewer) as answer:
            return int((await answer.json())["unread"])

    async def change(self, status: str) -> None:
        change = {"entity": f"order/{self.order}", "status": status, "time": datetime.now(UTC).isoformat()}
        backend = {"Authorization": f"Bearer {self.stack.backend_credential}"}
        async with self._http.post(
            f"{self.stack.ingest_url}/v1/status-changes", json=change, headers=backend
        ) as answer:
            assert answer.status == 202, await answer.text()

    async def on_phones(self) -> list[tuple[str, str, str]]:
        """Provider, title and body of what the fake phones show of the order."""
        async with self._http.get(f"{self.stack.phone_url}/arrivals") as answer:
            phones: list[dict[str, Any]] = await answer.json()
        shown = [(phone["provider"], each) for phone in phones for each in phone["shown"].values()]
        return sorted((name, each["title"], each["body"]) for name, each in shown if self.order in each["title"])

    async def open(self, tab: Browser) -> None:
        await tab.open(self.stack.map_url, view="phone")  # a small map, as it is drawn by software
        await tab.until(LIVE, 50)


@pytest.fixture
async def town(demo: Demo, unique: str) -> AsyncIterator[Town]:
    async with aiohttp.ClientSession() as http:
        town = Town(demo.describe(), http, unique)
        await town.follow()
        yield town


async def test_status_change_shows_once_in_two_tabs_and_a_read_in_one_clears_the_other(
    town: Town, browser: Browser
) -> None:
    first, second = browser, browser.tab("second")
    before = await town.unread()
    for tab in (first, second):
        await town.open(tab)
        await tab.until(f"{UNREAD} === '{before}'")
        await tab.click("#bell")
    await town.change("picked_up")
    took: list[float] = []
    for status, said in SOME_STATUSES.items():
        await town.change(status)
        for tab in (first, second):
            await tab.until(f"{town.notices}.some(each => each.innerText.includes('{said}'))")
            assert await tab.evaluate(f"{town.notices}.length") == 1, "the later change corrects the earlier"
            await tab.until(f"{UNREAD} === '{before + 1}'")
        began = time.monotonic()
        await first.evaluate(f"{town.notices}[0].querySelector('.said').click()")
        await second.until(f"{UNREAD} === '{before}'")
        took.append(time.monotonic() - began)
        if took[-1] < CLEARED_WITHIN:
            break
        await first.click("#bell")  # who reads leaves the inbox
    assert min(took) < CLEARED_WITHIN, f"the badge of the other tab is cleared after {took} s"
    third = browser.tab("third")
    await town.open(third)
    await third.click("#bell")
    await third.until(f"{town.notices}.length === 1 && !{town.notices}[0].classList.contains('unread')")
    assert await third.evaluate(UNREAD) == str(before), "a page that is opened later knows it too"


async def test_what_a_closed_page_misses_is_on_the_phones_in_seconds_and_in_the_inbox_when_it_opens(
    town: Town, browser: Browser
) -> None:
    await town.open(browser)
    before = await town.unread()
    await browser.until(f"{UNREAD} === '{before}'")
    await browser.leave()
    await town.change("out_for_delivery")
    deadline = time.monotonic() + PUSHED_WITHIN
    while len(shown := await town.on_phones()) < 2:
        assert time.monotonic() < deadline, f"after {PUSHED_WITHIN} s phones show {shown}"
        await asyncio.sleep(0.05)
    said = (f"Order {town.order}", "Out for delivery")
    assert shown == [("apns", *said), ("fcm", *said)], "each of the viewer's phones shows it once, in words"
    later = browser.tab("later")
    await town.open(later)
    await later.until(f"{UNREAD} === '{before + 1}'")
    await later.click("#bell")
    await later.until(f"{town.notices}.length === 1 && {town.notices}[0].classList.contains('unread')")
    assert await later.evaluate(f"{town.notices}[0].innerText.includes('Out for delivery')")
    await later.evaluate(f"{town.notices}[0].querySelector('.said').click()")
    await later.until(f"{UNREAD} === '{before}'")
    assert await town.on_phones() == shown, "who reads it later is not rung for again"
