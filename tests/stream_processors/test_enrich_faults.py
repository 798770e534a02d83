"""What `enrich` guarantees when it, Redis or Kafka fails at any step."""

import pytest

from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.topics import LIVE, PINGS, POSITIONS
from domain.errors import OutageError
from domain.position import Position
from tests.domain.fixes import ping
from tests.stream_processors.world import NEVER, Crash, Fuse, World

STEPS = [*(f"publish{n}" for n in range(5)), "before", "after"]
"""Dies before the nth output of a batch, before its state is written, or after that and before the commit."""


def fused(world: World, step: str, blow: type[Exception] = Crash) -> MemoryGroupConsumer:
    fuse = Fuse(int(step.removeprefix("publish")) if step.startswith("publish") else 0, blow)
    return world.enrich(
        publish=fuse if step.startswith("publish") else NEVER,
        before=fuse if step == "before" else NEVER,
        after=fuse if step == "after" else NEVER,
    )


def first_batch(world: World) -> None:
    world.post(ping(0), ping(10), ping(0, asset="bus-2"))
    world.enrich().drain()


def second_batch(world: World) -> None:
    """News, a duplicate, something old, and another asset."""
    world.post(ping(20), ping(10), ping(15, event="old"), ping(30), ping(10, asset="bus-2"))


def expected() -> dict[tuple[str, int], list[str]]:
    world = World()
    first_batch(world)
    second_batch(world)
    world.enrich().drain()
    return flags_by_place(world.positions())


def flags_by_place(positions: list[Position]) -> dict[tuple[str, int], list[str]]:
    """(asset, source offset) -> flags. The same ping must be judged the same however often."""
    found: dict[tuple[str, int], list[str]] = {}
    for position in positions:
        flags = [str(flag) for flag in position.quality]
        assert found.setdefault((position.asset, position.source.offset), flags) == flags
    return found


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_loses_nothing_and_repeats_only_what_is_the_same(step: str) -> None:
    world = World()
    first_batch(world)
    second_batch(world)
    with pytest.raises(Crash):
        fused(world, step).drain()
    world.enrich().drain()
    assert flags_by_place(world.positions()) == expected()


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_together_with_an_emptied_redis_loses_nothing(step: str) -> None:
    world = World()
    first_batch(world)
    world.route().drain()
    world.record_latest()
    second_batch(world)
    with pytest.raises(Crash):
        fused(world, step).drain()
    world.empty_redis()
    world.enrich().drain()
    assert flags_by_place(world.positions()) == expected()


@pytest.mark.parametrize("step", STEPS)
def test_an_outage_pauses_and_goes_on_by_itself(step: str) -> None:
    world = World()
    first_batch(world)
    second_batch(world)
    consumer = fused(world, step, OutageError)
    while not consumer.drain():
        pass
    assert flags_by_place(world.positions()) == expected()


def test_while_redis_is_away_nothing_is_put_out_and_nothing_is_spilled() -> None:
    world = World()
    first_batch(world)
    second_batch(world)
    world.assets.away = True
    consumer = world.enrich()
    assert not consumer.drain()
    assert len(world.positions()) == 3
    world.assets.away = False
    assert consumer.drain()
    assert flags_by_place(world.positions()) == expected()


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("routed", [True, False])
def test_redis_emptied_between_batches_of_a_living_process_changes_nothing(*, routed: bool, recorded: bool) -> None:
    world = World()
    consumer = world.enrich()
    world.post(ping(0), ping(10), ping(0, asset="bus-2"))
    consumer.drain()
    if routed:
        world.route().drain()
    if recorded:
        world.record_latest()
    world.empty_redis()
    second_batch(world)
    consumer.drain()
    assert flags_by_place(world.positions()) == expected()


def test_an_emptied_redis_is_noticed_before_a_wrong_judgement_is_put_out() -> None:
    """An asset that left memory must not look as if it had never been seen."""
    world = World()
    consumer = world.enrich(batch=50)
    world.post(*(ping(100, asset=f"bus-{n}") for n in range(1_000)))
    consumer.drain()
    world.empty_redis()
    world.post(*(ping(50, asset=f"bus-{n}", event="older") for n in range(1_000)))
    while not consumer.drain():
        pass
    older = [each for each in world.positions() if each.id == "older"]
    assert len(older) == 1_000
    assert all(each.quality == ["out_of_order"] for each in older)


def test_quiet_partitions_get_their_state_back_without_a_ping() -> None:
    world = World()
    consumer = world.enrich()
    world.post(ping(0))
    consumer.drain()
    world.empty_redis()
    consumer.drain()
    world.cluster.delete_records((POSITIONS.name, world.cluster.records(POSITIONS.name)[0].partition), 1)
    world.post(ping(0))
    world.enrich().drain()
    assert world.positions()[-1].quality == ["duplicate"]


@pytest.mark.parametrize("behind", [0, 1, 5, 50])
def test_a_rebuild_knows_what_the_recorder_has_not_written_yet(behind: int) -> None:
    world = World()
    for n in range(60):
        world.post(ping(n, asset=f"bus-{n % 5}"))
        world.now_ms += 1_000
        world.enrich().drain()
        world.route().drain()
        if n == 40:
            world.record_latest()
    world.record_latest(behind)
    world.empty_redis()
    for n in range(60):
        world.post(ping(n, asset=f"bus-{n % 5}", event=f"again{n}"))
    world.enrich().drain()
    again = [each for each in world.positions() if each.id.startswith("again")]
    assert len(again) == 60
    assert all(set(each.quality) & {"same_time", "out_of_order"} for each in again)


def test_a_rebuild_knows_what_was_enriched_and_not_yet_routed() -> None:
    """An hour of positions that wait for route, and were put out long before the newest live record."""
    world = World()
    world.post(ping(0), ping(0, asset="bus-2"))
    world.enrich().drain()
    world.route().drain()
    world.record_latest()
    world.post(ping(3_600))
    world.enrich().drain()
    world.now_ms += 3_600_000
    world.empty_redis()
    world.post(ping(1_800, event="older"))
    world.enrich().drain()
    assert [each.quality for each in world.positions() if each.id == "older"] == [["out_of_order"]]


def test_a_rebuild_lasts_though_positions_are_kept_for_a_shorter_time() -> None:
    world = World()
    world.post(ping(100))
    world.enrich().drain()
    world.route().drain()
    world.record_latest()
    partition = world.cluster.records(POSITIONS.name)[0].partition
    world.cluster.delete_records((POSITIONS.name, partition), 1)
    world.empty_redis()
    world.post(ping(50, event="older"))
    world.enrich().drain()
    (older,) = world.positions()
    assert older.quality == ["out_of_order"]


def test_a_zombie_is_fenced_and_what_it_put_out_is_the_same() -> None:
    world = World()
    first_batch(world)
    second_batch(world)
    zombie = fused(world, "publish2", OutageError)
    assert not zombie.drain()  # in the middle of a batch, its state read, it falls asleep
    world.enrich().drain()  # another process takes over
    zombie.drain()
    assert flags_by_place(world.positions()) == expected()
    world.post(ping(40))
    zombie.drain()
    assert [each.quality for each in world.positions() if each.id == "p40"] == [[]]


def test_two_owners_never_mix_their_states() -> None:
    world = World()
    one, other = world.enrich(), world.enrich()
    for n in range(0, 40, 2):
        world.post(ping(n))
        one.drain()
        world.post(ping(n + 1))
        other.drain()
    assert all(flags == [] for flags in flags_by_place(world.positions()).values())
    assert len(flags_by_place(world.positions())) == 40


def test_partitions_move_between_processes_without_loss() -> None:
    world = World()
    one, other = world.enrich(), world.enrich(all_partitions=False)
    places = [(PINGS.name, n) for n in range(4)]
    for n in range(30):
        world.post(*(ping(n, asset=f"bus-{bus}") for bus in range(8)))
        one.drain()
        other.drain()
        giver, taker = (one, other) if n % 2 else (other, one)
        if n:
            giver.revoke(places[n % 4 : n % 4 + 1])
            taker.assign(places[n % 4 : n % 4 + 1])
    one.drain()
    other.drain()
    world.enrich().drain()
    assert all(flags == [] for flags in flags_by_place(world.positions()).values())
    assert len(flags_by_place(world.positions())) == 30 * 8


@pytest.mark.parametrize("step", STEPS)
def test_none_is_seen_twice_and_none_is_missed_on_the_fleets_channel(step: str) -> None:
    world = World()
    first_batch(world)
    second_batch(world)
    with pytest.raises(Crash):
        fused(world, step).drain()
    world.enrich().drain()
    world.route().drain()
    seen = [(update.entity, update.event_time) for update in world.seen("fleet:acme")]
    assert len(seen) == len(set(seen)) == 6
    assert len(world.cluster.records(LIVE.name)) >= 6
