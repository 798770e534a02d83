"""What a person sees: the built page in a real browser, fed by a stand-in of the gateway."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.web.conftest import Stage

# A browser that leaves while aiohttp sends it a large file: the file is closed by the collector, with a warning.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROW = (
    "[...document.querySelectorAll('.row:not([hidden])')].find(row => row.querySelector('.name').textContent === '{}')"
)


def position(asset: str, *, ago: float = 0.0, lon: float = 4.288, **more: Any) -> dict[str, Any]:
    time = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat()
    place = {"lat": 52.067, "lon": lon, "speed": 10.0, "heading": 90.0, "quality": [], "status": None, "orders": []}
    return {"kind": "position", "id": f"{asset}-{time}", "asset": asset, "time": time} | place | more


def status(entity: str, name: str, version: int) -> dict[str, Any]:
    time = datetime.now(UTC).isoformat()
    return {
        "kind": "status",
        "id": f"{entity}-{version}",
        "entity": entity,
        "status": name,
        "version": version,
        "time": time,
    }


async def line_of(stage: Stage, asset: str) -> str:
    return str(await stage.browser.evaluate(f"{ROW.format(asset)}.innerText.replaceAll('\\n', ' | ')"))


async def row_says(stage: Stage, asset: str, text: str) -> None:
    await stage.browser.until(f"{ROW.format(asset)}?.innerText.includes({text!r})")


async def test_snapshot_and_publications_make_the_list(stage: Stage) -> None:
    await stage.gateway.publish(position("truck-7", orders=["A-1"]))
    await stage.open_live()
    await row_says(stage, "truck-7", "36 km/h")
    await stage.gateway.publish(position("truck-8", speed=None))
    await row_says(stage, "truck-8", "No status")
    await stage.gateway.publish(status("asset/truck-7", "delivering", 2))
    await row_says(stage, "truck-7", "Delivering · 1 order")
    assert await stage.browser.complaints() == []


async def test_lower_version_never_moves_the_badge_back(stage: Stage) -> None:
    await stage.gateway.publish(position("truck-7"))
    await stage.open_live()
    await stage.gateway.publish(status("asset/truck-7", "delivering", 5))
    await row_says(stage, "truck-7", "Delivering")
    await stage.gateway.publish(status("asset/truck-7", "loading", 4))
    await stage.gateway.publish(status("asset/truck-7", "idle", 6))
    await row_says(stage, "truck-7", "Idle")


async def test_asset_without_a_recent_fix_is_silent_and_comes_back_with_the_next(stage: Stage) -> None:
    await stage.gateway.publish(position("truck-7", ago=55))
    await stage.open_live()
    await stage.browser.until(f"{ROW.format('truck-7')}?.classList.contains('silent')")
    assert "Silent" in await line_of(stage, "truck-7")
    await stage.gateway.publish(position("truck-7"))
    await stage.browser.until(f"!{ROW.format('truck-7')}.classList.contains('silent')")


async def test_selected_asset_is_shown_with_its_orders_and_flags(stage: Stage) -> None:
    await stage.gateway.publish(position("truck-7", orders=["A-1", "A-2"], quality=["late"]))
    await stage.gateway.publish(status("order/A-2", "out_for_delivery", 1))
    await stage.open_live()
    await row_says(stage, "truck-7", "2 orders")
    await stage.browser.click(".row")
    await stage.browser.until("!document.querySelector('#detail').hidden")
    shown = str(await stage.browser.evaluate("document.querySelector('#detail').innerText"))
    for text in ("truck-7", "36", "90° E", "Late", "A-1", "A-2", "Out for delivery"):
        assert text in shown
    await stage.gateway.publish(status("order/A-2", "delivered", 2))
    await stage.browser.until("document.querySelector('#detail').innerText.includes('Delivered')")


async def test_pin_glides_from_fix_to_fix(stage: Stage) -> None:
    await stage.gateway.publish(position("truck-7"))
    await stage.open_live()
    await stage.browser.until("document.querySelector('.row')")
    await stage.browser.click(".row")
    await stage.browser.until("document.querySelector('.follow').textContent === 'Following'")
    await stage.browser.click(".follow")  # let go: the map stands still and the pin moves
    await stage.browser.evaluate(
        "window.places = new Set(); (function note() { places.add(document.querySelector('.tag').style.transform);"
        " requestAnimationFrame(note); })()"
    )
    await asyncio.sleep(1.0)  # a glide takes as long as fixes are apart
    await stage.gateway.publish(position("truck-7", lon=4.2895))
    await stage.browser.until("window.places.size > 3")


async def test_search_finds_an_asset_by_an_order_that_it_carries(stage: Stage) -> None:
    await stage.gateway.publish(position("truck-7", orders=["A-1001"]))
    await stage.gateway.publish(position("truck-8", orders=["A-1002"]))
    await stage.open_live()
    await stage.browser.fill("#search", "a-1002")
    await stage.browser.until("document.querySelectorAll('.row:not([hidden])').length === 1")
    assert "truck-8" in await line_of(stage, "truck-8")


async def test_lost_connection_is_told_with_its_reason_and_the_snapshot_after_it_is_the_truth(stage: Stage) -> None:
    await stage.gateway.publish(position("truck-7"))
    await stage.gateway.publish(position("gone-1"))
    await stage.open_live()
    await row_says(stage, "gone-1", "km/h")
    del stage.gateway.items["position", "asset/gone-1"]
    stage.gateway.refusal = (100, "internal server error")
    await stage.gateway.close_all(3001, "shutdown")
    await stage.browser.until("document.querySelector('#link').dataset.phase === 'reconnecting'")
    assert (await stage.browser.text("#link")).removeprefix("Reconnecting")
    stage.gateway.refusal = None
    await stage.browser.until("document.querySelector('#link').dataset.phase === 'live'")
    await stage.browser.until("document.querySelectorAll('.row:not([hidden])').length === 1")
    await row_says(stage, "truck-7", "km/h")


async def test_refusal_is_told(stage: Stage) -> None:
    stage.gateway.refusal = (103, "permission denied")
    await stage.browser.open(stage.url)
    await stage.browser.until("document.querySelector('#link').dataset.phase === 'refused'")
    assert "this token may not see this fleet" in await stage.browser.text("#link")


async def test_text_from_outside_is_never_markup(stage: Stage) -> None:
    evil = "<img src=x onerror=alert(1)>"
    await stage.gateway.publish(position(evil, orders=[evil], quality=[evil]))
    await stage.gateway.publish(status(f"asset/{evil}", evil, 1))
    await stage.open_live()
    await stage.browser.until("document.querySelector('.row')")
    await stage.browser.click(".row")
    await stage.browser.until("!document.querySelector('#detail').hidden")
    assert await stage.browser.text("#detail h2") == evil
    assert await stage.browser.evaluate("document.querySelectorAll('img').length") == 0
    assert await stage.browser.complaints() == []


async def test_phone_shows_connection_map_and_list_and_complains_of_nothing(whole_stage: Stage) -> None:
    stage = whole_stage
    await stage.gateway.publish(position("truck-7"))
    await stage.open_live(view="phone", dark=True)
    await row_says(stage, "truck-7", "km/h")
    assert await stage.browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await stage.browser.click("#grip")
    await stage.browser.until("document.querySelector('#panel').dataset.stop === 'half'")
    assert await stage.browser.complaints() == []
