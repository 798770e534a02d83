"""A fleet of 20,000 assets: its state reaches a client with default limits whole and right, or is refused for now."""

from typing import Any

import pytest

from tests.clients.official import PythonClient
from tests.gateway.live_topic import LiveTopic, partition_for, position
from tests.gateway.raw_client import RawClient
from tests.gateway.running import running, token

ASSETS = 20_000
PAYLOAD = 300
"""Bytes beside the few that differ."""
CHANNEL = "fleet:acme"
View = dict[str, int]
"""Entity -> the n of its newest position that was shown."""


def asset(n: int) -> str:
    return f"truck-{n % ASSETS}"


def produced(topic: LiveTopic, count: int, start: int = 0) -> None:
    topic.publish(*(position(asset(n), n, pad=PAYLOAD) for n in range(start, start + count)))


def truth(topic: LiveTopic) -> View:
    count = len(topic.records[partition_for("acme")])
    return {f"asset/{asset(n)}": n for n in range(count)}


def show(view: View, entity: str, payload: dict[str, Any]) -> None:
    """As docs/live-protocol.md tells apps: of two positions of an entity the newer."""
    view[entity] = max(view.get(entity, -1), payload["n"])


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
async def test_centrifuge_python_with_default_limits_gets_all_of_it_while_it_moves(encoding: str) -> None:
    topic, view, count = LiveTopic(), View(), ASSETS
    produced(topic, ASSETS)
    topic.record()
    client = PythonClient(encoding)
    async with running(topic, snapshot_seconds=0.05) as gateway:
        gateway.clients.append(client)
        await client.connect(gateway.socket_url, token())
        await client.subscribe(CHANNEL)
        page = (await client.events.wait("subscribed"))["data"]
        pages = 1
        while True:
            for item in page["items"]:
                show(view, item["entity"], item["payload"])
            if "next" not in page:
                break
            produced(topic, 40, start=count)
            topic.record()
            count += 40
            request = {"channel": CHANNEL, "offset": page["offset"], "next": page["next"]}
            await client.rpc("snapshot.page", request)
            page = (await client.events.wait("rpc", pages))["data"]
            pages += 1
        await client.events.wait("publication", count - ASSETS)
        for event in client.events.of("publication"):
            show(view, f"asset/{event['data']['asset']}", event["data"])
        assert not client.events.of("error")
        assert len(client.events.of("connected")) == 1
    assert pages > 10
    assert view == truth(topic)


async def shown(gateway: Any, channel: str, **request: Any) -> View | None:
    """What a client without a position is shown, page by page; None: it is asked to try again."""
    client = await RawClient.connected(gateway)
    reply = await client.ask(subscribe={"channel": channel, **request})
    if "error" in reply:
        assert reply["error"]["temporary"]
        await client.close()
        return None
    view: View = {}
    result = reply["subscribe"]
    page = result["data"]
    for item in page["items"]:
        show(view, item["entity"], item["payload"])
    for each in result.get("publications", []):
        show(view, f"asset/{each['data']['asset']}", each["data"])
    while "next" in page:
        request = {"channel": channel, "offset": page["offset"], "next": page["next"]}
        page = (await client.ask(rpc={"method": "snapshot.page", "data": request}))["rpc"]["data"]
        for item in page["items"]:
            show(view, item["entity"], item["payload"])
    await client.close()
    return view


@pytest.mark.parametrize("behind", [300, 12_000, 120_000])
async def test_a_dead_recorder_never_makes_a_wrong_state(behind: int) -> None:
    """Ten minutes at 0.5, 20 and 200 updates a second, on a gateway that was there and on one that has just started."""
    topic = LiveTopic()
    produced(topic, ASSETS)
    topic.record()
    one = f"asset:acme/{asset(7)}"
    async with running(topic) as there:
        assert await shown(there, CHANNEL) == truth(topic)
        produced(topic, behind, start=ASSETS)
        expected = truth(topic)
        answers = [await shown(there, channel) for channel in (CHANNEL, one)]
        await there.stop()
    topic.opened.clear()
    async with running(topic, snapshot_seconds=0) as new:
        answers += [await shown(new, channel) for channel in (CHANNEL, one)]
        for whole, single in (answers[:2], answers[2:]):
            assert whole in (None, expected)
            assert single == {f"asset/{asset(7)}": expected[f"asset/{asset(7)}"]}
        assert (answers[0] is not None) == (behind <= 300)
        topic.record()
        assert await shown(new, CHANNEL) == expected
