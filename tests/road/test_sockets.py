"""What an app may rely on when it subscribes, loses its connection and comes back, by both official SDKs."""

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest

from benchmarks.official.python_watcher import PythonWatcher
from benchmarks.official.sdks import SDKS
from benchmarks.official.watching import Subscribed, Watcher
from tests.road.fleet import Fleet, at, fix
from tests.road.wiretap import open_wiretap

both_sdks = pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)


@both_sdks
async def test_the_subscribe_reply_has_the_state_of_the_channel(fleet: Fleet, sdk: type[Watcher]) -> None:
    """The latest of each asset and status, and not what came before it."""
    ids = await fleet.ping(fix(seconds=-20), fix(seconds=-10, heading=90.0), fix("truck-8", seconds=-5))
    [change] = await fleet.change({"entity": "asset/truck-8", "status": "on_break", "time": at(-1)})
    channels = {fleet.channel: {ids[1], ids[2], change}, fleet.asset("truck-8"): {ids[2], change}}
    async with asyncio.timeout(20), AsyncExitStack() as open_:
        while True:
            # Until it is recorded, and read anew, what is missing in the snapshot comes as publications.
            watcher = await open_.enter_async_context(sdk(fleet.stack.gateway_url, fleet.keys.viewer, [*channels]))
            if {each.channel: _ids_of(each) for each in watcher.seen.subscribed} == channels:
                break
        assert watcher.seen.publications == []
        offset = next(each.offset for each in watcher.seen.subscribed if each.channel == fleet.channel)
        [next_id] = await fleet.ping(fix("truck-8", seconds=0.5))
        await watcher.seen.until_seen(fleet.channel, [next_id])
        assert watcher.seen.on(fleet.channel)[0].offset > offset


@both_sdks
async def test_a_client_that_lost_its_connection_gets_exactly_what_it_missed(fleet: Fleet, sdk: type[Watcher]) -> None:
    async with (
        PythonWatcher(fleet.stack.gateway_url, fleet.keys.viewer, [fleet.channel]) as steady,
        open_wiretap(fleet.stack.gateway_url) as tap,
        sdk(tap.url, fleet.keys.viewer, [fleet.channel]) as watcher,
    ):
        seen = await fleet.ping(*(fix(seconds=-60 + number) for number in range(3)))
        await watcher.seen.until_seen(fleet.channel, seen)
        tap.cut()
        missed = await fleet.ping(*(fix(seconds=-50 + number) for number in range(20)))
        await steady.seen.until_seen(fleet.channel, missed)
        assert watcher.seen.ids(fleet.channel) == seen
        tap.mend()
        await watcher.seen.until_seen(fleet.channel, missed)
        after = await fleet.ping(fix(seconds=-10))
        await watcher.seen.until_seen(fleet.channel, after)
        assert watcher.seen.ids(fleet.channel) == [*seen, *missed, *after]
        assert watcher.seen.publications == steady.seen.publications
        assert all(one.offset < other.offset for one, other in pairwise(watcher.seen.publications))
        first, again = watcher.seen.subscribed
        assert (first.recovered, first.was_recovering) == (False, False)
        assert (again.recovered, again.was_recovering, again.epoch) == (True, True, first.epoch)


def _ids_of(subscribed: Subscribed) -> set[str]:
    return {item["payload"]["id"] for item in (subscribed.data or {})["items"]}
