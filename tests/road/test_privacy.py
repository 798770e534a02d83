"""Who follows an order learns where it is, and nothing else: not the asset, not its other orders, not its facts."""

import asyncio
import re

from backbone.topics import LIVE
from benchmarks.official.node_watcher import NodeWatcher
from benchmarks.official.python_watcher import PythonWatcher
from benchmarks.replays.data_team import DataTeam
from tests.road.fleet import Fleet, at, fix
from tests.road.wiretap import open_wiretap

ORDERS = [f"A-{number}" for number in range(1001, 1151)]
FOLLOWED = ORDERS[70]
VAN = "truck-7"


async def test_a_van_with_150_orders_makes_two_live_records_a_ping(fleet: Fleet, data_team: DataTeam) -> None:
    await fleet.carry(VAN, ORDERS)
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as watcher:
        await _until_all_are_carried(fleet, watcher)
        await asyncio.to_thread(data_team.mark, LIVE.name)
        ids = await fleet.ping(*(fix(VAN, seconds=1 + number) for number in range(3)))
        await watcher.seen.until_seen(fleet.channel, ids)
        [done] = await fleet.ping(fix("truck-8"))
        await watcher.seen.until_seen(fleet.channel, [done])
        live = [each.value for each in await asyncio.to_thread(data_team.read, LIVE.name) if each.key == fleet.name]
    of_van = [each for each in live if "truck-8" not in each["entity"]]
    assert [each["entity"] for each in of_van] == [f"asset/{VAN}", "carrier"] * 3
    assert [len(each["channels"]) for each in of_van] == [2, 150] * 3
    assert set(of_van[1]["channels"]) == {fleet.order(order) for order in ORDERS}


async def test_an_order_channel_never_names_another_order_the_asset_or_a_fact(fleet: Fleet) -> None:
    """By every byte that clients of the order's channel get, subscribe replies included."""
    await fleet.put("assets", VAN, {"name": "SECRET-NAME", "attributes": {"plate": "SECRET-PLATE"}})
    await fleet.carry(VAN, ORDERS)
    channel = fleet.order(FOLLOWED)
    async with (
        open_wiretap(fleet.stack.gateway_url) as tap,
        PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as fleet_watcher,
    ):
        await _until_all_are_carried(fleet, fleet_watcher)
        async with PythonWatcher(tap.url, fleet.keys.viewer, [channel]) as python:
            ids = await fleet.ping(
                *(fix(VAN, seconds=1 + number, battery=0.4242, attributes={"note": "SECRET"}) for number in range(3))
            )
            await fleet.change({"entity": f"asset/{VAN}", "status": "SECRET-ASSET-STATUS", "time": at()})
            await fleet.change({"entity": f"order/{ORDERS[0]}", "status": "SECRET-OTHER-STATUS", "time": at()})
            own = {"entity": f"order/{FOLLOWED}", "status": "near", "time": at(), "attributes": {"a": "SECRET-OWN"}}
            ids += await fleet.change(own)
            await python.seen.until_seen(channel, ids)
            assert sorted(python.seen.ids(channel)[-len(ids) :]) == sorted(ids), "each once"
            async with NodeWatcher(tap.url, fleet.keys.viewer, [channel]) as late:
                await late.seen.until(lambda: late.seen.subscribed[0].data is not None)
        positions = [each.data for each in python.seen.publications if each.data["kind"] == "position"]
        assert {frozenset(each) for each in positions} == {
            frozenset(("kind", "id", "time", "lat", "lon", "speed", "heading", "quality"))
        }
        heard = bytes(tap.heard)
    assert heard.count(ids[0].encode()) >= 1, "the tap hears plain text"
    assert heard.count(b'"subscribe"') == 2
    named = {match.decode() for match in re.findall(rb"A-1[01]\d\d", heard)}
    assert named == {FOLLOWED}
    for secret in (b"SECRET", VAN.encode(), b"0.4242", b"attributes", b"battery", b'"asset', b"orders"):
        assert secret not in heard, secret


async def test_an_order_ends_with_its_final_status(fleet: Fleet) -> None:
    """Who still has the link does not follow the van on."""
    await fleet.carry(VAN, ["A-1", "A-2"])
    channels = [fleet.order("A-1"), fleet.order("A-2"), fleet.channel]
    async with PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, channels) as watcher:
        await _until_all_are_carried(fleet, watcher, count=2)
        [delivered] = await fleet.change({"entity": "order/A-1", "status": "delivered", "time": at()})
        await watcher.seen.until_seen(fleet.order("A-1"), [delivered])
        [later] = await fleet.ping(fix(VAN, seconds=1))
        await watcher.seen.until_seen(fleet.order("A-2"), [later])
        assert watcher.seen.ids(fleet.order("A-1"))[-1] == delivered


async def _until_all_are_carried(fleet: Fleet, watcher: PythonWatcher, count: int = len(ORDERS)) -> None:
    """Reference data comes by a road of its own: ping until enrich knows all assignments."""
    for number in range(200):
        ids = await fleet.ping(fix(VAN, seconds=-250 + number))
        await watcher.seen.until_seen(fleet.channel, ids)
        if len(watcher.seen.on(fleet.channel)[-1].data["orders"]) == count:
            return
    raise TimeoutError(f"{VAN} does not carry {count} orders")
