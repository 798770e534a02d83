"""Which fleet events enrich makes, and that each is made under one id, whatever fails."""

import pytest

from backbone.headers import CE_ID, CE_TYPE, TRACEPARENT
from backbone.record import header
from backbone.topics import EVENTS
from domain.errors import OutageError
from domain.fleet_event import FleetEvent
from domain.instants import SECOND
from domain.ping import GpsPing
from domain.reference import Geofence, Order, Point, ReferenceKind, ReferenceRecord
from tests.domain.fixes import METRE, NOON, ping
from tests.stream_processors.world import NEVER, Crash, Fuse, World

STEPS = [*(f"publish{n}" for n in range(14)), "before", "after"]


def made(world: World) -> list[FleetEvent]:
    """Without those that carry a known id."""
    events: dict[str, FleetEvent] = {}
    for record in world.cluster.records(EVENTS.name):
        event = world.codec.decode(record.value or b"", FleetEvent)
        assert record.key == event.key.encode()
        assert header(record.headers, CE_ID) == event.id.encode()
        assert events.setdefault(event.id, event) == event
    return list(events.values())


def said(world: World) -> list[str]:
    return sorted(
        f"{event.asset} {event.kind} {event.geofence or event.order or ''}@{(event.time - NOON) // SECOND}"
        for event in made(world)
    )


def draw(world: World, name: str = "depot", radius: float = 100.0) -> None:
    geofence = Geofence(name=f"the {name}", center=Point(53.4, -2.9), radius=radius)
    world.refer(ReferenceRecord(ReferenceKind.GEOFENCE, "acme", name, 1, geofence=geofence))


def promise(world: World, order: str, seconds: int, fleet: str = "acme") -> None:
    promised = Order(promised_at=NOON + seconds * SECOND)
    world.refer(ReferenceRecord(ReferenceKind.ORDER, fleet, order, 1, order=promised))


def fix(seconds: float, metres: float, asset: str = "bus-1", received: float | None = None) -> GpsPing:
    """So far north of the depot."""
    return ping(seconds, 53.4 + metres * METRE, asset=asset, received=received)


def test_geofences_entered_and_left_are_told_with_the_fix_that_showed_it() -> None:
    world = World()
    draw(world)
    world.post(fix(0, 500), fix(60, 10), fix(120, 0), fix(180, 600))
    world.enrich().drain()
    assert said(world) == ["bus-1 entered depot@60", "bus-1 left depot@180"]
    entered = made(world)[0]
    assert (entered.geofence_name, entered.lat, entered.source.topic) == (
        "the depot",
        fix(60, 10).lat,
        "fleet.pings.v1",
    )
    record = world.cluster.records(EVENTS.name)[0]
    assert header(record.headers, CE_TYPE) == b"fleetcast.event.entered"
    assert header(record.headers, TRACEPARENT) == b"00-aa-bb-01"
    assert world.count("fleetcast_enrich_events_total", kind="entered") == 1


def test_a_geofence_may_be_drawn_around_an_asset_and_removed() -> None:
    world = World()
    world.post(fix(0, 0))
    world.enrich().drain()
    draw(world)
    world.post(fix(10, 0))
    world.enrich().drain()
    world.forget_reference(ReferenceKind.GEOFENCE, "depot")
    world.post(fix(20, 5000))
    world.enrich().drain()
    assert said(world) == ["bus-1 entered depot@10"]


def test_late_duplicate_and_impossible_fixes_make_no_event() -> None:
    world = World()
    draw(world)
    world.post(
        fix(0, 500),
        fix(100, 900),
        fix(50, 0),  # older than what is shown
        ping(101, 0.0, 0.0),  # no fix
        ping(102, 53.4, -2.9, received=-200),  # the device's clock is ahead
        ping(103, 60.0),  # out of reach
        fix(100, 900),
    )
    world.enrich().drain()
    assert said(world) == []


def test_what_was_measured_a_while_ago_and_is_still_news_makes_events_in_event_time() -> None:
    world = World()
    draw(world)
    world.post(fix(0, 500, received=600), fix(60, 10, received=600))
    world.enrich().drain()
    assert said(world) == ["bus-1 entered depot@60"]


def test_standing_still_and_moving_again_is_told() -> None:
    world = World()
    world.post(*(fix(60 * n, 5 * (n % 2)) for n in range(15)), fix(900, 700))
    world.enrich().drain()
    assert said(world) == ["bus-1 moving @900", "bus-1 stopped @600"]


def test_an_order_on_board_is_late_once() -> None:
    world = World()
    world.assign("bus-1", "A-1")
    world.assign("bus-1", "A-2", order_fleet="acme.eu")
    world.assign("bus-1", "A-3", until=50)
    promise(world, "A-1", 90)
    promise(world, "A-2", 100, fleet="acme.eu")
    promise(world, "A-3", 90)
    world.post(*(fix(60 * n, 200 * n) for n in range(5)))
    world.enrich().drain()
    assert said(world) == ["bus-1 late A-1@120", "bus-1 late A-2@120"]
    assert {(event.order_fleet, event.since) for event in made(world)} == {
        ("acme", NOON + 90 * SECOND),
        ("acme.eu", NOON + 100 * SECOND),
    }


def first_part(world: World) -> None:
    draw(world)
    world.assign("bus-1", "A-1")
    promise(world, "A-1", 650)
    world.post(*(fix(60 * n, 3 * (n % 2)) for n in range(10)), fix(0, 900, asset="bus-2"))
    world.enrich().drain()


def second_part(world: World) -> None:
    """bus-1 stops in the depot, its order becomes late, it moves and leaves; bus-2 comes and goes."""
    world.post(fix(600, 0), fix(660, 0), fix(60, 0, asset="bus-2"), fix(720, 400), fix(120, 900, asset="bus-2"))


def expected() -> list[str]:
    world = World()
    first_part(world)
    second_part(world)
    world.enrich().drain()
    return said(world)


def test_what_is_expected_is_what_the_rules_say() -> None:
    assert expected() == [
        "bus-1 entered depot@0",
        "bus-1 late A-1@660",
        "bus-1 left depot@720",
        "bus-1 moving @720",
        "bus-1 stopped @600",
        "bus-2 entered depot@60",
        "bus-2 left depot@120",
    ]


@pytest.mark.parametrize("blow", [Crash, OutageError])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_or_an_outage_loses_no_event_and_repeats_it_under_the_same_id(step: str, blow: type[Exception]) -> None:
    world = World()
    first_part(world)
    second_part(world)
    fuse = Fuse(int(step.removeprefix("publish")) if step.startswith("publish") else 0, blow)
    consumer = world.enrich(
        publish=fuse if step.startswith("publish") else NEVER,
        before=fuse if step == "before" else NEVER,
        after=fuse if step == "after" else NEVER,
    )
    try:
        while not consumer.drain():
            pass
    except Crash:
        world.enrich().drain()
    assert said(world) == expected()


@pytest.mark.parametrize("step", [*STEPS[:11], None])
@pytest.mark.parametrize("recorded", [True, False])
def test_an_emptied_redis_loses_no_event_and_tells_none_twice(step: str | None, recorded: bool) -> None:
    world = World()
    first_part(world)
    world.route().drain()
    if recorded:
        world.record_latest()
    second_part(world)
    if step is not None:
        with pytest.raises(Crash):
            world.enrich(publish=Fuse(int(step.removeprefix("publish")))).drain()
    world.empty_redis()
    world.enrich().drain()
    told = said(world)
    if step in ("publish0", None):
        # Before it was told that bus-1 had stopped: how long it stood still counts anew.
        told = sorted([*told, "bus-1 stopped @600", "bus-1 moving @720"])
    assert told == expected()


def test_an_asset_that_had_stopped_has_not_stopped_again_when_redis_was_emptied() -> None:
    world = World()
    world.post(*(fix(60 * n, 0) for n in range(12)))
    world.enrich().drain()
    world.route().drain()
    world.record_latest()
    world.empty_redis()
    world.post(*(fix(60 * n, 0) for n in range(60, 90)))
    world.enrich().drain()
    assert said(world) == ["bus-1 stopped @600"]
