"""What `route` guarantees when it, Redis or Kafka fails at any step."""

import itertools

import pytest

from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.topics import POSITIONS, STATUS_CHANGES
from domain.errors import OutageError
from tests.domain.fixes import ping
from tests.stream_processors.world import NEVER, Crash, Fuse, World

CHANNELS = ["fleet:acme", "order:acme/A-1", "order:acme/A-2", "order:acme.eu/B-1", "asset:acme/van-1"]
STEPS = [*(f"publish{n}" for n in range(8)), "before", "after"]
"""Dies before the nth output of a batch, before its statuses are written, or after that and before the commit."""

Seen = dict[str, list[str]]


def fused(world: World, step: str, blow: type[Exception] = Crash) -> MemoryGroupConsumer:
    fuse = Fuse(int(step.removeprefix("publish")) if step.startswith("publish") else 0, blow)
    return world.route(
        publish=fuse if step.startswith("publish") else NEVER,
        before=fuse if step == "before" else NEVER,
        after=fuse if step == "after" else NEVER,
    )


def begin(world: World) -> None:
    for order in ("A-1", "A-2"):
        world.assign("van-1", order)
    world.assign("van-1", "B-1", order_fleet="acme.eu")
    world.change("order/A-1", "packed", 1)
    world.change("order/A-2", "packed", 5)
    world.post(ping(0, asset="van-1"))
    world.enrich().drain()
    world.route().drain()


def go_on(world: World) -> None:
    """A higher version, a lower one, the same again, and positions."""
    world.change("order/A-1", "loaded", 2)
    world.change("order/A-2", "planned", 4)
    world.change("order/A-2", "packed", 5)
    world.post(ping(10, asset="van-1"), ping(20, asset="van-1"))
    world.enrich().drain()


def seen(world: World) -> Seen:
    """What each channel's subscriber gets, statuses and positions apart: their order to each other is not promised."""
    names = {}
    for channel, kind in itertools.product(CHANNELS, ("status", "position")):
        payloads = [each for each in world.payloads(channel) if each["kind"] == kind]
        names[f"{channel} {kind}"] = [
            f"{each['id']}={each['status']}" if kind == "status" else str(each["id"]) for each in payloads
        ]
    return names


def expected() -> Seen:
    world = World()
    begin(world)
    go_on(world)
    world.route().drain()
    return seen(world)


def test_what_is_expected_is_what_the_rules_say() -> None:
    told = expected()
    assert told["order:acme/A-1 status"] == ["order-A-1-1=packed", "order-A-1-2=loaded"]
    assert told["order:acme/A-2 status"] == ["order-A-2-5=packed"]
    assert told["order:acme.eu/B-1 position"] == told["asset:acme/van-1 position"] == ["p0", "p10", "p20"]


@pytest.mark.parametrize("step", STEPS)
def test_after_a_crash_every_subscriber_has_seen_all_once(step: str) -> None:
    world = World()
    begin(world)
    go_on(world)
    with pytest.raises(Crash):
        fused(world, step).drain()
    world.route().drain()
    assert seen(world) == expected()


@pytest.mark.parametrize("step", STEPS)
def test_an_outage_pauses_and_goes_on_by_itself(step: str) -> None:
    world = World()
    begin(world)
    go_on(world)
    consumer = fused(world, step, OutageError)
    while not consumer.drain():
        pass
    assert seen(world) == expected()


@pytest.mark.parametrize("behind", [0, 2, 50])
@pytest.mark.parametrize("living", [True, False])
def test_an_emptied_redis_moves_no_status_back_and_repeats_none(*, living: bool, behind: int) -> None:
    world = World()
    begin(world)
    consumer = world.route()
    consumer.drain()
    world.record_latest(behind)
    world.empty_redis()
    go_on(world)
    (consumer if living else world.route()).drain()
    while not consumer.drain():
        pass
    assert seen(world) == expected()


@pytest.mark.parametrize("step", ["before", "after", "publish0", "publish7"])
def test_a_crash_together_with_an_emptied_redis_loses_nothing(step: str) -> None:
    world = World()
    begin(world)
    go_on(world)
    with pytest.raises(Crash):
        fused(world, step).drain()
    world.empty_redis()
    world.route().drain()
    assert seen(world) == expected()


def test_a_final_status_outlives_an_emptied_redis() -> None:
    world = World()
    world.assign("van-1", "A-1")
    world.change("order/A-1", "delivered", 3)
    consumer = world.route()
    consumer.drain()
    world.record_latest()
    world.empty_redis()
    world.post(ping(0, asset="van-1"))
    world.enrich().drain()
    while not consumer.drain():
        pass
    assert [each["kind"] for each in world.payloads("order:acme/A-1")] == ["status"]


def test_while_redis_is_away_nothing_is_told_and_then_all_is() -> None:
    world = World()
    begin(world)
    go_on(world)
    before = len(world.live())
    world.statuses.away = True
    consumer = world.route()
    assert not consumer.drain()
    assert len(world.live()) == before
    world.statuses.away = False
    while not consumer.drain():
        pass
    assert seen(world) == expected()


def test_two_owners_never_move_a_status_back() -> None:
    world = World()
    one, other = world.route(), world.route()
    for version in range(1, 30):
        world.change("order/A-1", f"v{version}", version)
        (one if version % 2 else other).drain()
    one.drain()
    other.drain()
    told = [payload["version"] for payload in world.payloads("order:acme/A-1")]
    assert told == list(range(1, 30))


def test_two_processes_that_need_each_others_lost_statuses_do_not_wait_for_ever() -> None:
    world = World()
    one, other = world.route(all_partitions=False), world.route(all_partitions=False)
    for half, consumer in enumerate((one, other)):
        consumer.assign((topic, n) for topic in (STATUS_CHANGES.name, POSITIONS.name) for n in (half, half + 2))
    for n in range(20):
        world.change(f"asset/van-{n}", "driving", 1)
    while not (one.drain() and other.drain()):
        pass
    world.record_latest()
    world.empty_redis()
    for n in range(20):
        world.assign(f"van-{n}", f"A-{n}")
    world.post(*(ping(0, asset=f"van-{n}") for n in range(20)))
    world.enrich().drain()
    for _ in range(10):
        one.drain()
        other.drain()
    positions = [payload for payload in world.payloads("fleet:acme") if payload["kind"] == "position"]
    assert len(positions) == 20
    assert all(payload["status"] for payload in positions)
