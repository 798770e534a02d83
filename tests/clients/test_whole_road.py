"""The official clients on the whole product: real Kafka, Redis, PostgreSQL, every process."""

import time
from datetime import UTC, datetime
from typing import Any

import aiohttp

from devstack.demo import Demo
from tests.clients.official import OfficialClient


async def post(demo: Demo, path: str, document: Any) -> None:
    stack = demo.describe()
    headers = {"Authorization": f"Bearer {stack.backend_credential}"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{stack.ingest_url}{path}", json=document, headers=headers) as answer,
    ):
        assert answer.status == 202, await answer.text()


def ping(asset: str, number: int) -> dict[str, Any]:
    instant = datetime.fromtimestamp(time.time(), UTC).isoformat()
    return {"asset": asset, "id": f"{asset}-{number}", "time": instant, "lat": 53.4 + number / 10_000, "lon": -2.98}


async def test_a_ping_and_a_status_change_reach_the_screen_and_survive_a_killed_gateway(
    client: OfficialClient, demo: Demo, unique: str
) -> None:
    stack = demo.describe()
    channel = f"asset:{stack.fleet}/{unique}"
    await client.connect(stack.gateway_url, stack.viewer_jwt)
    await client.subscribe(channel)
    await client.events.wait("subscribed")
    await post(demo, "/v1/pings", ping(unique, 1))
    first = await client.events.wait("publication")
    assert (first["data"]["kind"], first["data"]["id"]) == ("position", f"{unique}-1")
    await post(demo, "/v1/status-changes", {"entity": f"asset/{unique}", "status": "loading", "time": _now()})
    assert (await client.events.wait("publication", 2))["data"]["status"] == "loading"

    demo.stack["gateway"].kill()
    await post(demo, "/v1/pings", ping(unique, 2))
    demo.stack["gateway"].start()
    subscribed = await client.events.wait("subscribed", 2)
    assert subscribed["recovered"]
    third = await client.events.wait("publication", 3)
    assert third["data"]["id"] == f"{unique}-2"
    assert third["data"]["status"]["status"] == "loading"
    offsets = [each["offset"] for each in client.events.of("publication")]
    assert offsets == sorted(set(offsets))


async def test_a_snapshot_shows_what_was_before_and_a_foreign_fleet_is_refused(
    client: OfficialClient, demo: Demo, unique: str
) -> None:
    stack = demo.describe()
    for number in range(3):
        await post(demo, "/v1/pings", ping(unique, number))
    await client.connect(stack.gateway_url, stack.viewer_jwt)
    await client.subscribe(f"fleet:{stack.fleet}")
    subscribed = await client.events.wait("subscribed")
    shown = {each["entity"]: each["payload"]["id"] for each in subscribed["data"]["items"]}
    since = {f"asset/{each['data']['asset']}": each["data"]["id"] for each in client.events.of("publication")}
    last = f"{unique}-2"
    if {**shown, **since}.get(f"asset/{unique}") != last:
        await client.events.until(
            lambda: any(each["data"]["id"] == last for each in client.events.of("publication")), "the last ping"
        )
    await client.subscribe("fleet:another")
    assert (await client.events.wait("unsubscribed", channel="fleet:another"))["code"] == 103


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).isoformat()
