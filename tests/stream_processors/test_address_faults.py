"""What `address` guarantees when it, the database or Kafka fails at any step."""

import pytest

from backbone.topics import NOTIFICATION_REQUESTS
from domain.errors import OutageError
from domain.instants import HOUR
from tests.domain.fixes import NOON
from tests.stream_processors.audiences import ORDER, Audiences, request
from tests.stream_processors.world import Crash, Fuse

FOLLOWERS = {f"u{n:03d}" for n in range(25)}


def begun() -> Audiences:
    world = Audiences()
    world.followers.follow("acme", ORDER, *FOLLOWERS)
    world.watch("zoe", "order/A-1")
    world.install("phone-1", "ann")
    world.ask(
        request("r1"),
        request("r2", users=["ann", "bob"]),
        request("r3", installation="phone-1"),
        request("r4", users=["ann"], send_at=NOON + HOUR),
    )
    return world


def assert_all_told(world: Audiences) -> None:
    assert set(world.users("r1")) == FOLLOWERS | {"zoe"}
    assert set(world.users("r2")) == {"ann", "bob"}
    assert set(world.users("r3")) == {"ann"}
    assert set(world.users("r4")) == set()
    assert list(world.scheduled.rows) == [("acme", "send:r4")]
    assert world.buried() == []


@pytest.mark.parametrize("step", range(0, 34, 3))
def test_after_a_crash_everybody_is_told_under_the_same_id(step: int) -> None:
    """Dies before the nth record that it puts out. What is told again is told by another record of the same id."""
    world = begun()
    fuse = Fuse(step)
    consumer = world.address(publish=fuse, chunk=10, batch=2)
    try:
        consumer.drain()
    except Crash:
        world.address(chunk=10).drain()
    assert fuse.blown == (step <= 32)
    assert_all_told(world)


@pytest.mark.parametrize("step", range(0, 30, 4))
def test_an_outage_of_kafka_pauses_and_goes_on_by_itself(step: int) -> None:
    world = begun()
    consumer = world.address(publish=Fuse(step, lambda: OutageError("away")), chunk=10)
    assert not consumer.drain()
    while not consumer.drain():
        pass
    assert_all_told(world)


@pytest.mark.parametrize("part", ["followers", "installations", "scheduled"])
def test_while_the_database_is_away_everything_waits(part: str) -> None:
    world = begun()
    consumer = world.address(chunk=10)
    getattr(world, part).away = True
    assert not consumer.drain()
    assert world.buried() == []
    getattr(world, part).away = False
    while not consumer.drain():
        pass
    assert_all_told(world)


def test_a_long_expansion_goes_on_where_it_ended() -> None:
    world = begun()
    consumer = world.address(publish=Fuse(15), chunk=10, batch=1)
    with pytest.raises(Crash):
        consumer.drain()
    world.address(chunk=10).drain()
    assert_all_told(world)
    # The first chunk and its continuation were done when the second died: nobody of it is told again.
    repeated = {user for user, times in world.users("r1").items() if times > 1}
    assert repeated <= {f"u{n:03d}" for n in range(10, 20)}


def test_two_processes_share_the_partitions() -> None:
    world = Audiences()
    one, other = world.address(), world.address()
    for place in ((NOTIFICATION_REQUESTS.name, 0), (NOTIFICATION_REQUESTS.name, 1)):
        one.revoke([place])
    for place in ((NOTIFICATION_REQUESTS.name, 2), (NOTIFICATION_REQUESTS.name, 3)):
        other.revoke([place])
    world.ask(*(request(f"r{n}", users=["ann"]) for n in range(20)))
    one.drain()
    other.drain()
    assert all(world.users(f"r{n}") == {"ann": 1} for n in range(20))
