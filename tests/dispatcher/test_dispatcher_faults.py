"""What the dispatcher guarantees when it dies between any two steps, and when Redis or PostgreSQL fail."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.preferences import Preferences, QuietHours, write_preferences
from domain.push_state import PushState
from tests.dispatcher.real_world import real_world
from tests.dispatcher.world import TENANT, Crash, World

POINTS = ["classified", "stored", "put-off", "published", "handed-over", "done"]
"""Between all steps; after the last one only the commit is missing."""


def begin(world: World | None = None) -> World:
    """Something of everything: `ann` has a socket, `bob` has quiet hours, `carl` no phone."""
    world = world or World()
    world.connect("ann")
    quiet = Preferences(quiet_hours=QuietHours("00:00", "23:59"))
    world.documents.documents[TENANT, "bob"] = write_preferences(quiet)
    world.tell("v1", match_key="k", match_version=1)
    world.tell("a1", type="alert", user="bob")
    return world


def go_on(world: World) -> None:
    world.tell("v3", match_key="k", match_version=3)
    world.tell("v2", match_key="k", match_version=2)
    world.tell("v3", match_key="k", match_version=3)
    world.tell("n1", "n2")
    world.tell("l1", "l2", type="like", user="bob")
    world.tell("a2", type="alert", user="bob")
    world.tell("n3", user="carl")


def outcome(world: World) -> dict[str, Any]:
    """What people and their phones get, and what the timeline says."""
    pending = {each.id for each in world.pending()}
    return {
        "history": world.history(),
        "ann": world.shown("ann"),
        "bob": world.shown("bob"),
        "carl": world.shown("carl"),
        "wait": pending,
        "pushed": {(each.id, each.installation) for each in world.pushes()},
        "put off": {each.id: each.request.phase for each in world.scheduled.rows.values()},
        "steps": world.steps(),
    }


def expected() -> dict[str, Any]:
    world = begin()
    world.run()
    go_on(world)
    world.run()
    return outcome(world)


def test_what_is_expected_is_what_the_rules_say() -> None:
    found = expected()
    assert found["ann"] == [("v1", None), ("v3", "v1"), ("n1", None), ("n2", None)]
    assert found["wait"] == {"v1", "v3", "n1", "n2"}
    assert found["pushed"] == {("a1", "phone-b"), ("a2", "phone-b")}
    assert found["history"]["v2"] is PushState.CANCELLED


@pytest.mark.parametrize("batch", [1, 3, 500])
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("point", POINTS)
def test_killed_between_any_two_steps_everything_happens_once(point: str, times: int, batch: int) -> None:
    world = begin()
    world.run()
    go_on(world)
    consumer = world.dispatcher(f"dispatcher.{point}:{times}", batch=batch)
    try:
        consumer.drain()
    except Crash:
        world.dispatcher().drain()
    assert outcome(world) == expected()
    requests = [(each.id, each.installation) for each in world.pushes()]
    assert len(requests) == len(set(requests)) or point in ("handed-over", "done")


@pytest.mark.parametrize("point", POINTS)
def test_killed_and_redis_emptied_at_once_everything_happens_once(point: str) -> None:
    world = begin()
    world.run()
    go_on(world)
    with pytest.raises(Crash):
        world.dispatcher(f"dispatcher.{point}").drain()
    world.empty_redis()
    world.run()
    # The window of a digest begins anew, and so has another name: what is held in it is held.
    found, wanted = outcome(world), expected()
    assert found == wanted


def test_redis_emptied_in_the_middle_nothing_is_told_twice() -> None:
    world = begin()
    go_on(world)
    consumer = world.dispatcher(batch=2)
    for _ in range(3):
        consumer.drain()
        world.empty_redis()
    world.tell("v1", match_key="k", match_version=1)
    world.tell("n1")
    consumer.drain()
    assert world.shown() == [("v1", None), ("v3", "v1"), ("n1", None), ("n2", None)]


@pytest.mark.parametrize("away", ["memory", "memory_rows", "scheduled", "targets"])
def test_while_a_store_is_away_all_wait_and_then_all_are_told_once(away: str) -> None:
    world = begin()
    world.run()
    go_on(world)
    store = getattr(world, away)
    store.away = True
    consumer = world.dispatcher()
    assert not consumer.drain()
    assert not consumer.drain()
    store.away = False
    while not consumer.drain():
        pass
    assert outcome(world) == expected()


def test_while_kafka_is_away_all_wait_and_then_all_are_told_once() -> None:
    world = begin()
    world.run()
    go_on(world)
    consumer = world.dispatcher()
    world.cluster.down()
    assert not consumer.drain()
    world.cluster.up()
    while not consumer.drain():
        pass
    assert outcome(world) == expected()


def test_a_decision_that_was_made_is_not_made_again() -> None:
    """Killed after it was stored as waiting; meanwhile it was acknowledged, and the socket is gone."""
    world = World()
    world.connect("ann")
    world.tell("n1")
    with pytest.raises(Crash):
        world.dispatcher("dispatcher.stored").drain()
    world.ack_all()
    world.memory.empty()
    world.run()
    assert world.history() == {"n1": PushState.ACKED}
    assert world.pushes() == []
    assert world.pending() == []
    assert world.shown() == [("n1", None)]


def test_a_push_that_was_held_when_we_died_is_due_when_its_time_is_over() -> None:
    world = World()
    world.documents.documents[TENANT, "ann"] = write_preferences(Preferences(quiet_hours=QuietHours("00:00", "12:00")))
    world.now = 1_800_000_000 * 1_000_000 // 86_400_000_000 * 86_400_000_000 + 3_600_000_000
    world.tell("n1")
    with pytest.raises(Crash):
        world.dispatcher("dispatcher.stored").drain()
    world.now += 13 * 3_600_000_000
    world.run()
    assert world.history() == {"n1": PushState.HELD}
    assert {each.id: each.due_at for each in world.scheduled.rows.values()} == {"quiet:ann/n1": world.now}


@pytest.fixture
def real(postgres_url: str, redis_url: str) -> Iterator[World]:
    with real_world(postgres_url, redis_url) as world:
        yield world


@pytest.mark.parametrize("point", POINTS)
def test_killed_between_any_two_steps_on_real_stores(point: str, real: World) -> None:
    """Once with Redis as it was, and then with Redis emptied at that moment."""
    begin(real)
    real.run()
    go_on(real)
    times = 1 if point == "put-off" else 2  # only one batch has something to put off
    with pytest.raises(Crash):
        real.dispatcher(f"dispatcher.{point}:{times}", batch=4).drain()
    with pytest.raises(Crash):
        real.dispatcher(f"dispatcher.{point}", batch=5).drain()
    real.empty_redis()
    real.run()
    assert outcome(real) == expected()
