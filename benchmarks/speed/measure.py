"""One run: a load and a watcher beside a running stack, and what all of them cost."""

import asyncio
import time
from collections.abc import Callable, Mapping

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


class _Meter:
    """CPU time of processes from the end of the warm-up on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before: dict[str, Usage] = {}
        self._sent = 0

    def look(self, progress: LoadProgress) -> None:
        if progress.warm and not self._before:
            self._before = usages(self._pids)
            self._sent = progress.sent

    def costs(self, sent: int) -> dict[str, Cost]:
        """`sent`: pings in all."""
        return {
            name: Cost(round((usage.cpu - before.cpu) / (sent - self._sent) * 1e6, 1), round(usage.memory, 1))
            for name, usage in usages(self._pids).items()
            if (before := self._before.get(name)) is not None
        }


def measure(demo: Demo, plan: LoadPlan, say: Callable[[str], None]) -> Report:
    """Raises HelperEndedError."""
    place = demo.describe()
    before = read_books(place.admin_urls)
    asyncio.run(_carry_orders(place, plan.assets))
    watcher = Helper("benchmarks.speed.latency_watch", _watch_plan(place), WatchProgress, WatchResult)
    load = Helper("benchmarks.speed.open_loop", plan, LoadProgress, LoadResult)
    with watcher:
        watcher.next()  # all sockets are subscribed
        with load:
            stack = {name: pid for name, pid in demo.stack.pids().items() if name != "page"}
            meter = _Meter({**stack, "load": load.pid, "watcher": watcher.pid})

            def look(progress: LoadProgress) -> None:
                meter.look(progress)
                say(_progress_line(progress, plan))

            sent = load.result(look)
            watcher.tell(Finish(sent.sent, sent.measured_from, ARRIVE_WITHIN))
            seen = watcher.result()
            costs = meter.costs(sent.sent)
    return _report(plan, sent, seen, costs, _books(demo, sent, before))


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


def _books(demo: Demo, sent: LoadResult, before: MetricBooks) -> MetricBooks:
    """Of this load, once the processors have counted what they have put out already."""
    deadline = time.monotonic() + ARRIVE_WITHIN
    while True:
        books = read_books(demo.product.admin_urls).since(before)
        if (books.balance and books.accepted >= sent.accepted) or time.monotonic() > deadline:
            return books
        time.sleep(0.1)


def _report(plan: LoadPlan, sent: LoadResult, seen: WatchResult, costs: dict[str, Cost], books: MetricBooks) -> Report:
    return Report(
        rate=plan.rate,
        warm_up=plan.warm_up,
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
    total = round(plan.rate * (plan.warm_up + plan.seconds))
    warming = "" if progress.warm else "warming up: "
    return f"{warming}sent {progress.sent} of {total}, accepted {progress.accepted}, errors {progress.errors}"
