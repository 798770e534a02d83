"""Which requests route makes of status changes, fleet events and assignments, and what it guarantees when it fails."""

import pytest

from backbone.headers import CE_ID, CE_TYPE, TRACEPARENT
from backbone.record import OutRecord, header
from backbone.topics import EVENTS, LIVE, NOTIFICATION_REQUESTS, REFERENCE
from domain.errors import OutageError
from domain.fleet_event import EventKind, FleetEvent
from domain.instants import DAY, HOUR
from domain.notification import NotificationRequest
from domain.reference import ReferenceKind
from domain.source_position import SourcePosition
from tests.domain.fixes import NOON, ping
from tests.stream_processors.world import NEVER, Crash, Fuse, World

STEPS = [*(f"publish{n}" for n in range(9)), "before", "after"]


def happen(world: World, kind: EventKind = EventKind.ENTERED, event_id: str = "e1", order: str | None = None) -> None:
    source = SourcePosition("fleet.pings.v1", "t", 0, 7)
    event = FleetEvent(
        id=event_id,
        fleet="acme",
        asset="van-1",
        kind=kind,
        time=NOON,
        received_at=NOON,
        lat=53.0,
        lon=-2.9,
        geofence="depot",
        order_fleet=order and "acme",
        order=order,
        source=source,
    )
    world.cluster.append(OutRecord(EVENTS.name, event.key.encode(), world.codec.encode(EVENTS, event)))


def requests(world: World) -> list[NotificationRequest]:
    """As address sees them: without those that carry a known id."""
    asked: dict[str, NotificationRequest] = {}
    for record in world.cluster.records(NOTIFICATION_REQUESTS.name):
        request = world.codec.decode(record.value or b"", NotificationRequest)
        assert record.key == request.key.encode()
        assert asked.setdefault(request.id, request) == request
    return list(asked.values())


def told(world: World) -> set[str]:
    return {f"{each.interest} {each.content.title}: {each.content.body}" for each in requests(world)}


def test_a_status_change_that_moves_the_status_makes_one_request() -> None:
    world = World()
    world.change("order/A-1", "packed", 2)
    world.change("order/A-1", "planned", 1)
    world.change("order/A-1", "packed", 2)
    world.change("order/A-1", "loaded", 3)
    world.change("asset/van-1", "off duty", 1)
    world.route().drain()
    assert told(world) == {
        "order/acme/A-1 Order A-1: Packed",
        "order/acme/A-1 Order A-1: Loaded",
        "asset/acme/van-1 van-1: Off duty",
    }
    assert len(world.cluster.records(NOTIFICATION_REQUESTS.name)) == 3
    assert world.count("fleetcast_route_notification_requests_total", topic="fleet.status-changes.v1") == 3


def test_a_request_tells_where_it_comes_from() -> None:
    world = World()
    world.change("order/A-1", "packed", 2)
    world.route().drain()
    (record,) = world.cluster.records(NOTIFICATION_REQUESTS.name)
    (request,) = requests(world)
    assert header(record.headers, CE_ID) == request.id.encode()
    assert header(record.headers, CE_TYPE) == b"fleetcast.notification-request"
    assert header(record.headers, TRACEPARENT) is None


def test_events_and_assignments_make_requests() -> None:
    world = World()
    happen(world)
    happen(world, EventKind.LATE, "e2", order="A-1")
    world.assign("van-1", "A-1", assignment="s1")
    world.know_asset("van-1", 30.0)
    world.forget_reference(ReferenceKind.ASSIGNMENT, "s1")
    world.route().drain()
    assert told(world) == {
        "asset/acme/van-1 van-1: Arrived at depot",
        "order/acme/A-1 Order A-1: Running late",
        "order/acme/A-1 Order A-1: Assigned to van-1",
        "asset/acme/van-1 Order A-1: Assigned to van-1",
    }
    assert world.cluster.records(LIVE.name) == []


def test_an_order_with_a_final_status_is_not_late() -> None:
    world = World()
    world.change("order/A-1", "delivered", 1)
    world.route().drain()
    happen(world, EventKind.LATE, "e1", order="A-1")
    world.route().drain()
    assert told(world) == {"order/acme/A-1 Order A-1: Delivered"}


def test_a_start_on_an_old_topic_tells_nothing_that_is_long_past() -> None:
    world = World()
    world.assign("van-1", "A-1", since=-DAY / 1e6)
    world.assign("van-1", "A-2", since=-HOUR / 1e6, until=-1)
    world.assign("van-1", "A-3", since=-HOUR / 1e6)
    happen(world)
    world.now_ms += 7 * HOUR // 1000
    world.route().drain()
    assert {each.content.title for each in requests(world)} == {"Order A-3"}


def test_what_cannot_be_read_is_set_aside_and_stops_nothing() -> None:
    world = World()
    world.cluster.append(OutRecord(EVENTS.name, b"acme/van-1", b"nonsense"))
    world.cluster.append(OutRecord(REFERENCE.name, b"assignments/acme/s1", b"nonsense"))
    world.cluster.append(OutRecord(REFERENCE.name, b"assets/acme/s1", b"nonsense"))
    happen(world)
    world.route().drain()
    assert len(requests(world)) == 1
    for topic in (EVENTS, REFERENCE):
        (letter,) = world.cluster.records(f"{topic.name}.route.dlq")
        assert header(letter.headers, "dlq-reason") == b"wrong_magic"


def test_a_position_makes_no_request() -> None:
    world = World()
    world.post(*(ping(n) for n in range(5)))
    world.enrich().drain()
    world.route().drain()
    assert requests(world) == []


def begun() -> World:
    world = World()
    world.change("order/A-1", "packed", 1)
    world.change("order/A-2", "packed", 1)
    world.change("order/A-1", "loaded", 2)
    happen(world)
    world.assign("van-1", "A-1")
    return world


def expected() -> set[str]:
    world = begun()
    world.route().drain()
    assert len(told(world)) == 6
    return told(world)


@pytest.mark.parametrize("blow", [Crash, OutageError])
@pytest.mark.parametrize("step", STEPS)
def test_after_a_crash_every_request_was_made(step: str, blow: type[Exception]) -> None:
    """Dies before the nth output, before its statuses are written, or after that. What comes again has the same id."""
    world = begun()
    fuse = Fuse(int(step.removeprefix("publish")) if step.startswith("publish") else 0, blow)
    consumer = world.route(
        publish=fuse if step.startswith("publish") else NEVER,
        before=fuse if step == "before" else NEVER,
        after=fuse if step == "after" else NEVER,
    )
    try:
        while not consumer.drain():
            pass
    except Crash:
        world.route().drain()
    assert fuse.blown
    assert told(world) == expected()


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("step", range(12))
def test_a_crash_together_with_an_emptied_redis_loses_no_request(step: int, recorded: bool) -> None:
    world = begun()
    with pytest.raises(Crash):
        world.route(publish=Fuse(step)).drain()
    if recorded:
        world.record_latest()
    world.empty_redis()
    world.route().drain()
    assert told(world) == expected()
