"""From a status change at ingest to the bell: every process, real Kafka, Valkey and PostgreSQL, and a real browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from devstack.demo import Demo
from tests.web.browser import Browser, open_browser

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


async def test_status_change_shows_once_in_two_tabs_and_a_read_in_one_clears_the_other(
    demo: Demo, browser: Browser, unique: str
) -> None:
    stack = demo.describe()
    first, second = browser, browser.tab("second")
    mine = f"[...document.querySelectorAll('.notice')].filter(each => each.innerText.includes('Order {unique}'))"
    unread = "(document.querySelector('#bell').ariaLabel.match(/[0-9]+/)?.[0] ?? '0')"
    async with aiohttp.ClientSession() as http:
        viewer = {"Authorization": f"Bearer {stack.viewer_jwt}"}
        async with http.put(f"{stack.control_url}/v1/interests/order/demo/{unique}", headers=viewer) as answer:
            assert answer.status == 201, await answer.text()
        async with http.get(f"{stack.control_url}/v1/inbox/unread", headers=viewer) as answer:
            before = (await answer.json())["unread"]
        for tab in (first, second):
            await tab.open(stack.map_url, view="phone")  # a small map, as it is drawn by software
            await tab.until("document.querySelector('#link').dataset.phase === 'live'", 50)
            await tab.until(f"{unread} === '{before}'")
            await tab.click("#bell")
        for name in ("picked_up", "out_for_delivery"):
            change = {"entity": f"order/{unique}", "status": name, "time": datetime.now(UTC).isoformat()}
            backend = {"Authorization": f"Bearer {stack.backend_credential}"}
            async with http.post(f"{stack.ingest_url}/v1/status-changes", json=change, headers=backend) as answer:
                assert answer.status == 202, await answer.text()
    for tab in (first, second):
        await tab.until(f"{mine}.some(each => each.innerText.includes('Out for delivery'))")
        assert await tab.evaluate(f"{mine}.length") == 1, "the later change corrects the earlier"
        assert await tab.evaluate(unread) == str(before + 1)
    await first.evaluate(f"{mine}[0].querySelector('.said').click()")
    await second.until(f"{unread} === '{before}'", 1.0)
    third = browser.tab("third")
    await third.open(stack.map_url, view="phone")
    await third.until("document.querySelector('#link').dataset.phase === 'live'", 50)
    await third.click("#bell")
    await third.until(f"{mine}.length === 1 && !{mine}[0].classList.contains('unread')")
    assert await third.evaluate(unread) == str(before), "a page that is opened later knows it too"
