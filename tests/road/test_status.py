"""A status change reaches everybody whom it concerns once, and a status only ever moves to a higher version."""

import asyncio
import itertools
from typing import Any

from backbone.partitioner import partition_of
from backbone.topics import STATUS_CHANGES
from benchmarks.official.node_watcher import NodeWatcher
from benchmarks.official.python_watcher import PythonWatcher
from benchmarks.official.watching import Sightings
from devstack.demo import Demo
from tests.road.fleet import Fleet, at, fix


def _order_status(order: str, status: str, version: int, **fields: Any) -> dict[str, Any]:
    return {"entity": f"order/{order}", "status": status, "time": at(), "version": version, **fields}


async def test_a_change_of_an_order_reaches_its_order_and_its_fleet_once(fleet: Fleet) -> None:
    """Sent twice, as a careful back end may: it is the same event, and shown once."""
    channels = [fleet.channel, fleet.order("A-1001")]
    async with (
        PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, channels) as python,
        NodeWatcher(fleet.stack.gateway_url, fleet.keys.viewer, channels) as node,
    ):
        change = _order_status("A-1001", "out_for_delivery", 3, id="change-1", attributes={"clerk": "Jo"})
        assert await fleet.change(change) == ["change-1"]
        assert await fleet.change(change) == ["change-1"]
        [last] = await fleet.change(_order_status("A-1001", "delivered", 4))
        for watcher in (python, node):
            for channel in channels:
                await watcher.seen.until_seen(channel, [last])
                assert watcher.seen.ids(channel) == ["change-1", last]
            full, public = (watcher.seen.on(channel)[0].data for channel in channels)
            assert full["entity"] == public["entity"] == "order/A-1001"
            assert (full["status"], full["version"], full["attributes"]) == ("out_for_delivery", 3, {"clerk": "Jo"})
            assert (public["status"], public["version"]) == ("out_for_delivery", 3)
            assert "attributes" not in public, "what the sender added is for the fleet alone"


async def test_a_lower_version_never_moves_a_status_back(fleet: Fleet, demo: Demo) -> None:
    """Neither live, nor in a snapshot, nor after the recorder was started again."""
    channels = [fleet.channel, fleet.order("A-7")]
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, channels) as watcher:
        [high] = await fleet.change(_order_status("A-7", "delivered", 9))
        await fleet.change(_order_status("A-7", "packed", 2), _order_status("A-7", "lost", 9))
        beside = _beside(fleet, "order/A-7")
        [other] = await fleet.change({**_order_status("", "packed", 1), "entity": beside})
        await watcher.seen.until_seen(fleet.channel, [other])
        assert watcher.seen.ids(fleet.order("A-7")) == [high]
        assert await _snapshot_status(fleet, "A-7") == ("delivered", 9)

        await asyncio.to_thread(demo.stack["recorder"].stop)
        await fleet.change(_order_status("A-7", "packed", 3))
        await asyncio.to_thread(demo.stack["recorder"].start)
        [again] = await fleet.change({**_order_status("", "picked", 2), "entity": beside})
        await watcher.seen.until_seen(fleet.channel, [again])
        assert watcher.seen.ids(fleet.order("A-7")) == [high]
        assert await _snapshot_status(fleet, "A-7") == ("delivered", 9)


async def test_the_status_of_an_asset_is_a_badge_on_its_positions(fleet: Fleet) -> None:
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.asset("truck-7")]) as watcher:
        seen, channel = watcher.seen, fleet.asset("truck-7")
        await _shown(seen, channel, await fleet.ping(fix(seconds=-9)))
        assert seen.on(channel)[-1].data["status"] is None
        change = {"entity": "asset/truck-7", "status": "unloading", "version": 5, "time": at(-8)}
        await _shown(seen, channel, await fleet.change(change))
        await fleet.change({**change, "status": "driving", "version": 4, "time": at(-7)})
        beside = _beside(fleet, "asset/truck-7")
        [badge] = await fleet.change({"entity": beside, "status": "driving", "time": at(-6)})
        async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as other:
            await other.seen.until(lambda: any(each.get("entity") == beside for each in _state(other.seen)))
        await _shown(seen, channel, await fleet.ping(fix(seconds=-5)))
        status = seen.on(channel)[-1].data["status"]
        assert (status["status"], status["version"], status["time"]) == ("unloading", 5, change["time"])
        assert badge not in seen.ids(channel)


async def test_without_a_version_event_time_orders_statuses(fleet: Fleet) -> None:
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.order("A-9")]) as watcher:
        earlier, later = at(-60), at(-30)
        change = {"entity": "order/A-9", "status": "delivered"}
        [shown] = await fleet.change({**change, "time": later})
        await fleet.change({**change, "status": "out", "time": earlier})
        [last] = await fleet.change({**change, "status": "returned", "time": at(-1)})
        await watcher.seen.until_seen(fleet.order("A-9"), [last])
        assert watcher.seen.ids(fleet.order("A-9")) == [shown, last]


def _beside(fleet: Fleet, entity: str) -> str:
    """Another entity whose changes take the very same road: once its change is shown, all before it are done."""
    kind = entity.partition("/")[0]
    places = ((other, _place(fleet, other)) for other in (f"{kind}/B-{number}" for number in itertools.count()))
    return next(other for other, place in places if place == _place(fleet, entity))


def _place(fleet: Fleet, entity: str) -> int:
    return partition_of(f"{fleet.name}/{entity}".encode(), STATUS_CHANGES.partitions)


async def _shown(seen: Sightings, channel: str, ids: list[str]) -> None:
    await seen.until_seen(channel, ids)


async def _snapshot_status(fleet: Fleet, order: str) -> tuple[str, int]:
    """Of an order, as a client that comes now is told."""
    async with NodeWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.order(order)]) as watcher:
        # The recorder may be a moment behind: then the status comes with the reply, as what came since its snapshot.
        await watcher.seen.until(lambda: any(each["kind"] == "status" for each in _state(watcher.seen)))
        [*_, status] = [each for each in _state(watcher.seen) if each["kind"] == "status"]
        return status["status"], status["version"]


def _state(seen: Sightings) -> list[dict[str, Any]]:
    """All payloads that a client was told, the snapshot's first."""
    items = (seen.subscribed[0].data or {})["items"]
    return [item["payload"] for item in items] + [each.data for each in seen.publications]
