"""The simulated fleet: the same day for the same seed, and a good citizen of the public API."""

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from devstack.fleet.courier import Event, OrderCarried, Phase, StatusTold
from devstack.fleet.outbox import Outbox
from devstack.fleet.region import Region, build_region
from devstack.fleet.reporter import Reporter, Watch, happenings
from devstack.fleet.simulation import Simulation
from devstack.public_api import PublicApi
from tests.devstack.standin_ingest import StandinIngest

PROJECT = Path(__file__).parents[2]
HOUR = 3_600


@pytest.fixture(scope="module")
def region() -> Region:
    return build_region()


def day(region: Region, seconds: int) -> tuple[list[Event], list[dict[str, Any]]]:
    simulation = Simulation(region, "TEST")
    events, pings = simulation.introduce(), []
    for second in range(seconds):
        happened, sent = simulation.advance(float(second), 1.0, f"t{second}")
        events += happened
        pings += sent
    return events, pings


def test_same_seed_and_run_give_the_same_day(region: Region) -> None:
    assert day(region, 120) == day(region, 120)


def test_orders_go_through_their_statuses_in_order_and_are_carried_until_delivered(region: Region) -> None:
    events, _ = day(region, HOUR)
    statuses: dict[str, list[str]] = defaultdict(list)
    carried: set[str] = set()
    for event in events:
        if isinstance(event, StatusTold) and event.entity.startswith("order/"):
            statuses[event.entity].append(event.status)
        elif isinstance(event, OrderCarried):
            (carried.add if event.carried else carried.discard)(f"order/{event.order}")
    road = ["created", "picked_up", "out_for_delivery", "delivered"]
    assert sum(told[-1] == "delivered" for told in statuses.values()) > 50
    for entity, told in statuses.items():
        assert told == [step for step in road if step in told]
        assert (entity in carried) == (told[-1] != "delivered")


def test_vehicles_do_all_that_a_vehicle_can_do(region: Region) -> None:
    events, _ = day(region, HOUR)
    told = Counter(
        event.status for event in events if isinstance(event, StatusTold) and event.entity.startswith("asset/")
    )
    assert set(told) == set(Phase)
    assert min(told.values()) > 10


def test_receivers_have_the_faults_of_real_ones(region: Region) -> None:
    _, pings = day(region, 600)
    ids = [ping["id"] for ping in pings]
    assert len(set(ids)) < len(ids), "a fix is repeated at times"
    by_asset: dict[str, list[int]] = defaultdict(list)
    for ping in pings:
        by_asset[ping["asset"]].append(int(ping["time"][1:]))
    assert any(times != sorted(times) for times in by_asset.values()), "a fix comes late at times"
    gaps = [max(b - a for a, b in pairwise(times)) for times in map(sorted, by_asset.values())]
    assert max(gaps) > 120, "a vehicle falls silent at times"
    assert len(by_asset) == 40


def test_pings_are_such_as_the_api_accepts(region: Region) -> None:
    _, pings = day(region, 600)
    for ping in pings:
        assert 0 <= ping.get("heading", 0) < 360
        assert ping["speed"] >= 0
        assert abs(ping["lat"] - 52) < 1
        assert abs(ping["lon"] - 4) < 1


def test_full_outbox_forgets_the_oldest_and_counts_it() -> None:
    outbox: Outbox[int] = Outbox(3)
    outbox.put([1, 2, 3, 4, 5])
    assert outbox.dropped == 2
    assert outbox.take(2) == [3, 4]
    assert outbox.take(9) == [5]


def test_statuses_of_one_moment_are_told_apart_by_their_time() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    told = happenings([StatusTold("order/A", "created"), StatusTold("order/A", "picked_up")], moment)
    assert told[0].time < told[1].time


async def test_reporter_sends_the_same_batch_again_when_told_to_wait(region: Region) -> None:
    ingest = StandinIngest(answers=[(503, {"Retry-After": "0"}), (429, {})])
    _, pings = day(region, 3)
    async with ingest.serving(), aiohttp.ClientSession() as session:
        reporter = Reporter(PublicApi(session, ingest.url, "secret", "demo"), "TEST", Watch("v", frozenset({"van-01"})))
        await reporter.put([], pings)
        sending = asyncio.create_task(reporter.run())
        await ingest.wait_for_pings(len(pings))
        sending.cancel()
        await asyncio.wait([sending])
    assert ingest.bodies[0] == ingest.bodies[1] == ingest.bodies[2]
    assert ingest.pings == pings


async def test_orders_of_a_watched_asset_are_watched_before_anything_is_told_of_them(region: Region) -> None:
    ingest = StandinIngest()
    order: list[Event] = [OrderCarried("van-01", "A-1", carried=True), StatusTold("order/A-1", "created")]
    other: list[Event] = [OrderCarried("van-02", "A-2", carried=True), StatusTold("order/A-2", "created")]
    async with ingest.serving(), aiohttp.ClientSession() as session:
        api = PublicApi(session, ingest.url, "secret", "demo")
        reporter = Reporter(api, "TEST", Watch("v", frozenset({"van-01"})))
        await reporter.tell(happenings([*order, *other], datetime.now(UTC)))
    assert [kind for kind, _, _ in ingest.references] == ["watchers", "assignments", "assignments"]
    assert ingest.references[0] == ("watchers", "v.order.A-1", {"user": "v", "entity": "order/A-1"})


async def test_reporter_goes_on_after_a_refusal(region: Region) -> None:
    ingest = StandinIngest(answers=[(403, {})])
    async with ingest.serving(), aiohttp.ClientSession() as session:
        reporter = Reporter(PublicApi(session, ingest.url, "secret", "demo"), "TEST", Watch("v", frozenset({"van-01"})))
        await reporter.put([], [{"asset": "van-01"}] * 501)
        sending = asyncio.create_task(reporter.run())
        await ingest.wait_for_pings(1)
        sending.cancel()
        await asyncio.wait([sending])


async def test_process_tells_orders_first_then_pings_each_second_and_ends_soon_on_sigterm(tmp_path: Path) -> None:
    ingest = StandinIngest()
    async with ingest.serving():
        stack = {"ingest_url": ingest.url, "gateway_url": "ws://x", "fleet": "demo", "backend_credential": "secret"}
        stack |= {"control_url": "http://x", "viewer": "v", "viewer_jwt": "j"}
        (tmp_path / "stack.json").write_text(json.dumps(stack))
        fleet = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "devstack.fleet", "--stack", str(tmp_path / "stack.json"), cwd=PROJECT
        )
        await ingest.wait_for_pings(100)
        fleet.send_signal(signal.SIGTERM)
        async with asyncio.timeout(3):
            assert await fleet.wait() in {0, -signal.SIGTERM}
    kinds = Counter(kind for kind, _, _ in ingest.references)
    assert kinds["assets"] == 40
    assert kinds["orders"] == kinds["assignments"] > 20
    watchers = [entry for kind, _, entry in ingest.references if kind == "watchers"]
    assert {entry["user"] for entry in watchers} == {"v"}
    assert "asset/van-01" in {entry["entity"] for entry in watchers}
    assert {change["entity"].partition("/")[0] for change in ingest.status_changes} == {"asset", "order"}
    assert {len(ping["time"]) for ping in ingest.pings} == {len("2026-01-01T00:00:00.000000Z")}


def test_fleet_without_a_stack_says_so(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "devstack.fleet", "--stack", str(tmp_path / "stack.json")]
    done = subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the stack is not running" in done.stderr
