"""One run: a load and a watcher beside a running stack, and what all of them cost."""

import asyncio
import time
from collections.abc import Callable

import aiohttp

from benchmarks.speed.costs import Usage, usages
from benchmarks.speed.helper import Helper
from benchmarks.speed.latency_watch import Finish, WatchPlan, WatchProgress, WatchResult
from benchmarks.speed.metric_books import MetricBooks, read_books
from benchmarks.speed.open_loop import LoadPlan, LoadProgress, LoadResult
from benchmarks.speed.report import Cost, Report
from devstack.demo import Demo
from devstack.public_api import PublicApi
from devstack.stack_file import StackFile
from domain.channels import asset_channel, fleet_channel, order_channel

CARRYING = 10  # of all assets, one in so many carries an order
OTHER_SOCKETS = 20
ARRIVE_WITHIN = 15.0  # seconds


def measure(demo: Demo, plan: LoadPlan, say: Callable[[str], None]) -> Report:
    """Raises HelperEndedError."""
    place = demo.describe()
    asyncio.run(_carry_orders(place, plan.assets))
    with Helper("benchmarks.speed.latency_watch", _watch_plan(place), WatchProgress, WatchResult) as watcher:
        watcher.next()  # all sockets are subscribed
        pids = {name: pid for name, pid in demo.stack.pids().items() if name != "page"}
        with Helper("benchmarks.speed.open_loop", plan, LoadProgress, LoadResult) as load:
            pids |= {"load": load.pid, "watcher": watcher.pid}
            before = usages(pids)
            sent = load.result(lambda progress: say(_progress_line(progress, plan)))
            before_end = usages({"load": load.pid})
        watcher.tell(Finish(sent.sent, ARRIVE_WITHIN))
        seen = watcher.result()
        after = usages(pids) | before_end
    return _report(plan, sent, seen, _costs(before, after, sent.sent), _books(demo, sent))


def _watch_plan(place: StackFile) -> WatchPlan:
    assets = [asset_channel(place.fleet, f"bench-{number}") for number in range(OTHER_SOCKETS // 2)]
    orders = [order_channel(place.fleet, f"A-{number * CARRYING}") for number in range(OTHER_SOCKETS // 2)]
    return WatchPlan(place.gateway_url, place.viewer_jwt, fleet_channel(place.fleet), [*assets, *orders])


async def _carry_orders(place: StackFile, assets: int) -> None:
    async with aiohttp.ClientSession() as session:
        api = PublicApi(session, place.ingest_url, place.backend_credential, place.fleet)
        for number in range(0, assets, CARRYING):
            entry = {"asset": f"bench-{number}", "order": f"A-{number}", "valid_from": "2020-01-01T00:00:00Z"}
            await api.put_reference("assignments", f"bench-{number}", entry)


def _books(demo: Demo, sent: LoadResult) -> MetricBooks:
    """Once the processors have counted what they have put out already."""
    deadline = time.monotonic() + ARRIVE_WITHIN
    while True:
        books = read_books(demo.product.admin_urls)
        if (books.balance and books.accepted >= sent.accepted) or time.monotonic() > deadline:
            return books
        time.sleep(0.1)


def _costs(before: dict[str, Usage], after: dict[str, Usage], pings: int) -> dict[str, Cost]:
    return {
        name: Cost(round((usage.cpu - before[name].cpu) / pings * 1e6, 1), round(usage.memory, 1))
        for name, usage in after.items()
        if name in before
    }


def _report(plan: LoadPlan, sent: LoadResult, seen: WatchResult, costs: dict[str, Cost], books: MetricBooks) -> Report:
    return Report(
        rate=plan.rate,
        seconds=plan.seconds,
        assets=plan.assets,
        batch=plan.batch,
        sent=sent.sent,
        accepted=sent.accepted,
        errors=len(sent.not_accepted),
        lost=len(set(seen.missing) - set(sent.not_accepted)),
        repeats=seen.repeats,
        other_deliveries=seen.others,
        ack=sent.ack,
        post_to_socket=seen.latency,
        costs=costs,
        books=books,
    )


def _progress_line(progress: LoadProgress, plan: LoadPlan) -> str:
    total = round(plan.rate * plan.seconds)
    return f"sent {progress.sent} of {total}, accepted {progress.accepted}, errors {progress.errors}"
