"""The inbox as a person sees it: the built page in a real browser, fed by stand-ins of gateway and control API."""

from typing import Any

from domain.wording import as_words
from tests.web.browser import Browser
from tests.web.conftest import Stage
from tests.web.test_page_in_browser import position, row_says, status

_BADGE = "document.querySelector('#bell .count')?"  # a page that is still loading has none
COUNT = f"({_BADGE}.hidden ? '0' : {_BADGE}.textContent)"
TITLES = "[...document.querySelectorAll('.notice .name')].map(name => name.textContent).join(', ')"


async def counts(tab: Browser, unread: int, seconds: float = 20.0) -> None:
    await tab.until(f"{COUNT} === '{unread}'", seconds)


async def open_inbox(tab: Browser) -> None:
    await tab.click("#bell")
    await tab.until("!document.querySelector('#inbox').hidden && document.querySelector('#inbox').ariaBusy === 'false'")


def order(name: str, status_name: str) -> dict[str, Any]:
    return {"about": f"demo/order/{name}", "data": {"status": status_name}, "body": as_words(status_name)}


async def test_notification_counts_once_in_every_tab_and_is_acknowledged(stage: Stage) -> None:
    second = stage.browser.tab("second")
    await stage.open_live()
    await second.open(stage.url)
    await second.until("document.querySelector('#link').dataset.phase === 'live'")
    told = await stage.control.notify("Order A-1", **order("A-1", "delivered"))
    await stage.gateway.tell(told)  # a repeat, as there is one after a rare fault
    await stage.control.notify("Order A-2", **order("A-2", "created"))
    for tab in (stage.browser, second):
        await counts(tab, 2)
        await open_inbox(tab)
        assert await tab.evaluate(TITLES) == "Order A-2, Order A-1"
        assert "Delivered" in await tab.text("#inbox")
        assert await tab.complaints() == []
    assert set(stage.gateway.acked) == {"n1", "n2"}


async def open_read(stage: Stage) -> None:
    """The page has read its inbox, of one notification: what it finds there at first is no news, and has no toast."""
    stage.control.store("earlier")
    await stage.open_live()
    await counts(stage.browser, 1)


async def test_inbox_and_toast_say_what_the_phone_says(stage: Stage) -> None:
    """A deployment may word a status in its own way: the page has no other words for it."""
    await open_read(stage)
    said = {"about": "demo/order/A-1", "data": {"status": "delivered"}, "body": "At your door"}
    await stage.control.notify("Order A-1", **said)
    await stage.browser.until("document.querySelector('#toast').innerText.includes('At your door')")
    await open_inbox(stage.browser)
    assert await stage.browser.text(".notice .line") == "At your door"


async def test_read_in_one_tab_clears_the_badge_in_the_other_within_a_second(stage: Stage) -> None:
    second = stage.browser.tab("second")
    for number in range(3):
        stage.control.store(f"Order A-{number}")
    await stage.open_live()
    await second.open(stage.url)
    for tab in (stage.browser, second):
        await counts(tab, 3)
    await open_inbox(stage.browser)
    await stage.browser.click(".notice .said")
    await counts(second, 2, seconds=1.0)
    await stage.browser.click("#inbox header .plain")
    await counts(second, 0, seconds=1.0)
    await second.reload()
    await second.until("document.querySelector('#link').dataset.phase === 'live'")
    await open_inbox(second)
    await second.until("document.querySelectorAll('.notice').length === 3")
    await counts(second, 0)


async def test_correction_takes_the_place_of_what_it_corrects(stage: Stage) -> None:
    await stage.open_live()
    await open_inbox(stage.browser)
    await stage.control.notify("Order A-1", **order("A-1", "created"))
    await counts(stage.browser, 1)
    await stage.control.notify("Order A-1", replaces="n1", id="n1b", **order("A-1", "picked_up"))
    await stage.browser.until("document.querySelector('#inbox').innerText.includes('Picked up')")
    assert await stage.browser.evaluate("document.querySelectorAll('.notice').length") == 1
    await counts(stage.browser, 1)


async def test_what_was_missed_is_read_again_after_the_connection_was_lost(stage: Stage) -> None:
    stage.control.store("before")
    await stage.open_live()
    await open_inbox(stage.browser)
    await stage.browser.until(f"{TITLES} === 'before'")
    await stage.gateway.close_all(3001, "shutdown")
    stage.control.store("missed")
    stage.control.items[0]["read"] = True  # on another device
    await stage.browser.until(f"{TITLES} === 'missed, before'")
    await counts(stage.browser, 1)
    assert any("since=1" in asked for asked in stage.control.asked)


async def test_older_pages_come_as_one_scrolls_and_the_count_is_of_all(stage: Stage) -> None:
    for number in range(120):
        stage.control.store(f"Order A-{number}", ago=float(200 - number))
    await stage.open_live()
    await stage.browser.until(f"{COUNT} === '99+'")
    await open_inbox(stage.browser)
    assert await stage.browser.evaluate("document.querySelectorAll('.notice').length") < 120
    scroll = "document.querySelector('#inbox .scroll')"
    await stage.browser.until(
        f"({scroll}.scrollTop = {scroll}.scrollHeight, document.querySelectorAll('.notice').length === 120)"
    )
    assert await stage.browser.evaluate("document.querySelector('.older').hidden")


async def test_notification_opens_what_it_is_about(stage: Stage) -> None:
    await stage.gateway.publish(position("truck-7", orders=["A-1", "A-2"]))
    await open_read(stage)
    await row_says(stage, "truck-7", "2 orders")
    await stage.control.notify("Order A-2", **order("A-2", "out_for_delivery"))
    await stage.browser.until("!document.querySelector('#toast').hidden")
    await stage.browser.click(".toast")
    await stage.browser.until("document.querySelector('#detail h2').textContent === 'truck-7'")
    assert await stage.browser.text(".orders .marked .order") == "A-2"
    await counts(stage.browser, 1)
    await stage.gateway.publish(status("order/A-2", "delivered", 5))
    await stage.browser.until("document.querySelector('.orders .marked').innerText.includes('Delivered')")


async def test_archived_goes_everywhere_and_keys_reach_all(stage: Stage) -> None:
    for number in range(3):
        stage.control.store(f"Order A-{number}")
    await stage.open_live()
    await counts(stage.browser, 3)
    await stage.browser.evaluate("document.querySelector('#bell').focus()")
    await stage.browser.press("Enter")
    await stage.browser.until("document.activeElement.ariaLabel?.startsWith('Unread: Order A-2')")
    await stage.browser.press("ArrowDown")
    await stage.browser.until("document.activeElement.ariaLabel?.startsWith('Unread: Order A-1')")
    await stage.browser.evaluate("document.activeElement.parentElement.querySelector('[aria-label=Archive]').click()")
    await stage.browser.until(f"{TITLES} === 'Order A-2, Order A-0'")
    await counts(stage.browser, 2)
    await stage.browser.press("Escape")
    await stage.browser.until("document.querySelector('#inbox').hidden && document.activeElement.id === 'bell'")


async def test_inbox_says_when_it_is_empty_and_when_it_cannot_be_read(stage: Stage) -> None:
    stage.control.refusal = 500
    await stage.open_live()
    await stage.browser.click("#bell")
    await stage.browser.until("document.querySelector('.problem').textContent.includes('answers 500')")
    stage.control.refusal = None
    await stage.browser.until("document.querySelector('#inbox').innerText.includes('all caught up')")
    assert await stage.browser.evaluate("document.querySelector('.problem').hidden")


async def test_what_cannot_be_kept_is_said_and_shown_as_it_is(stage: Stage) -> None:
    stage.control.store("Order A-1")
    await stage.open_live()
    await open_inbox(stage.browser)
    stage.control.refusal = 500
    await stage.browser.click(".notice .said")
    await stage.browser.until("document.querySelector('.problem').textContent.includes('could not be kept')")
    stage.control.refusal = None
    await stage.browser.until("document.querySelector('.notice.unread')")
    await counts(stage.browser, 1)


async def test_phone_shows_bell_and_inbox(stage: Stage) -> None:
    stage.control.store("Order A-1", **order("A-1", "delivered"))
    await stage.gateway.publish(position("truck-7"))
    await stage.open_live(view="phone")
    await counts(stage.browser, 1)
    await open_inbox(stage.browser)
    assert await stage.browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = await stage.browser.evaluate("document.querySelector('#inbox').getBoundingClientRect().toJSON()")
    assert (box["left"], box["width"], box["bottom"]) == (0, 390, 844)
    assert await stage.browser.complaints() == []
