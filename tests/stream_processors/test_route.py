"""What `route` tells subscribers, and what it never tells."""

import json

import msgspec
import pytest

from backbone.dead_letters import REASON
from backbone.record import OutRecord, header
from backbone.topics import LIVE, POSITIONS, STATUS_CHANGES, dead_letter_topic
from domain.live_update import LiveUpdate
from domain.ping import Attributes, GpsPing
from tests.domain.fixes import NOON, ping
from tests.stream_processors.world import World

PUBLIC_POSITION = {"kind", "id", "time", "lat", "lon", "speed", "heading", "quality"}
PUBLIC_STATUS = {"kind", "id", "entity", "status", "version", "time"}


def run(world: World, *pings: GpsPing) -> list[LiveUpdate]:
    """Through both processors; gives all live records."""
    world.post(*pings)
    world.enrich().drain()
    world.route().drain()
    return world.live()


def with_attributes(fix: GpsPing, attributes: Attributes) -> GpsPing:
    return msgspec.structs.replace(fix, attributes=attributes, altitude=12.5, battery=0.5)


def test_a_position_is_told_to_the_channels_of_its_fleet_and_asset_with_all_that_is_known() -> None:
    world = World()
    world.change("asset/bus-1", "driving", 3)
    world.assign("bus-1", "A-1")
    world.assign("bus-1", "B-7", order_fleet="acme.eu")
    full = run(world, with_attributes(ping(0, speed=3.0, heading=90.0, accuracy=4.0), {"doors": "open"}))[-3]
    assert full.channels == ["fleet:acme", "asset:acme/bus-1"]
    assert (full.fleet, full.kind, full.entity, full.version) == ("acme", "position", "asset/bus-1", NOON)
    assert json.loads(full.payload) == {
        "kind": "position",
        "id": "p0",
        "asset": "bus-1",
        "time": "2026-09-21T14:13:20Z",
        "lat": 53.4,
        "lon": -2.9,
        "speed": 3.0,
        "heading": 90.0,
        "altitude": 12.5,
        "accuracy": 4.0,
        "battery": 0.5,
        "quality": [],
        "status": {"status": "driving", "version": 3, "time": "2026-09-21T14:13:23Z"},
        "orders": ["A-1", "acme.eu/B-7"],
        "attributes": {"doors": "open"},
    }


def test_a_van_with_150_orders_makes_two_live_records_a_ping() -> None:
    world = World()
    for n in range(150):
        world.assign("van-1", f"A-{n:03}")
    full, public = run(world, ping(0, asset="van-1"))
    assert full.channels == ["fleet:acme", "asset:acme/van-1"]
    assert public.channels == [f"order:acme/A-{n:03}" for n in range(150)]
    assert (public.entity, public.kind) == ("carrier", "position")


def test_what_an_orders_channel_carries_names_no_asset_no_other_order_and_no_attribute() -> None:
    world = World()
    world.change("asset/secret-van", "secret-status", 1)
    world.change("order/A-1", "packed", 1, attributes={"secret": "secret"})
    for order in ("A-1", "secret-order"):
        world.assign("secret-van", order)
    run(world, with_attributes(ping(0, asset="secret-van", accuracy=7.0), {"secret": "secret"}))
    status, position = world.payloads("order:acme/A-1")
    assert set(position) == PUBLIC_POSITION
    assert set(status) == PUBLIC_STATUS
    for update in world.seen("order:acme/A-1"):
        assert b"secret" not in update.payload
        assert b"A-1" not in update.payload or update.kind == "status"


def test_orders_of_other_fleets_get_a_record_of_their_own_in_their_fleet() -> None:
    world = World()
    world.assign("van-1", "A-1")
    world.assign("van-1", "B-1", order_fleet="acme.eu")
    world.assign("van-1", "B-2", order_fleet="acme.eu")
    updates = run(world, ping(0, asset="van-1"))
    told = {update.fleet: update.channels for update in updates if update.entity == "carrier"}
    assert told == {"acme": ["order:acme/A-1"], "acme.eu": ["order:acme.eu/B-1", "order:acme.eu/B-2"]}
    assert sorted(update.source.index for update in updates if update.source) == [0, 1, 2]
    assert len({update.id for update in updates}) == 3


def test_only_news_is_told_and_each_other_position_is_counted_by_what_holds_it_back() -> None:
    world = World()
    world.post(ping(0), ping(0), ping(1, 0.0, 0.0), ping(-5, event="old"), ping(2, 10.0), ping(3, received=100))
    world.enrich().drain()
    world.route().drain()
    assert [payload["id"] for payload in world.payloads("fleet:acme")] == ["p0", "p3"]
    outcomes = {
        outcome: world.count("fleetcast_route_positions_total", outcome=outcome)
        for outcome in ("live", "duplicate", "no_fix", "out_of_order", "impossible_jump", "late")
    }
    assert outcomes == {"live": 2, "duplicate": 1, "no_fix": 1, "out_of_order": 1, "impossible_jump": 1, "late": 0}


def test_an_order_handed_over_is_followed_from_one_van_to_the_other_and_the_first_is_seen_no_more() -> None:
    world = World()
    world.assign("van-1", "A-1", 0, 100)
    world.assign("van-2", "A-1", 100)
    run(world, *(ping(at, asset=van, event=f"{van}.{at}") for at in (90, 110) for van in ("van-1", "van-2")))
    assert [payload["id"] for payload in world.payloads("order:acme/A-1")] == ["van-1.90", "van-2.110"]


@pytest.mark.parametrize("final", ["delivered", "cancelled", "returned"])
def test_a_final_status_is_the_last_word_on_the_orders_channel(final: str) -> None:
    world = World()
    world.assign("van-1", "A-1")
    world.assign("van-1", "A-2")
    run(world, ping(0, asset="van-1"))
    world.change("order/A-1", final, 5)
    run(world, ping(10, asset="van-1"), ping(20, asset="van-1"))
    told = [payload.get("status", payload["id"]) for payload in world.payloads("order:acme/A-1")]
    assert told == ["p0", final]
    assert len(world.payloads("order:acme/A-2")) == 3
    assert len(world.payloads("fleet:acme")) == 4


def test_an_order_whose_end_was_taken_back_is_followed_again() -> None:
    world = World()
    world.assign("van-1", "A-1")
    world.change("order/A-1", "delivered", 5)
    world.change("order/A-1", "out_for_delivery", 6)
    run(world, ping(10, asset="van-1"))
    assert [payload["kind"] for payload in world.payloads("order:acme/A-1")] == ["status", "status", "position"]


def test_a_status_change_is_told_to_its_fleet_and_to_its_order_or_asset() -> None:
    world = World()
    world.change("order/A-1", "packed", 1, attributes={"dock": 4})
    world.change("asset/bus-1", "driving", 1)
    world.route().drain()
    channels = {
        (update.entity, update.source.index if update.source else None): update.channels for update in world.live()
    }
    assert channels == {
        ("order/A-1", 0): ["fleet:acme"],
        ("order/A-1", 1): ["order:acme/A-1"],
        ("asset/bus-1", 0): ["fleet:acme", "asset:acme/bus-1"],
    }
    (order,) = [payload for payload in world.payloads("fleet:acme") if payload["entity"] == "order/A-1"]
    assert order == {
        "kind": "status",
        "id": "order-A-1-1",
        "entity": "order/A-1",
        "status": "packed",
        "version": 1,
        "time": "2026-09-21T14:13:21Z",
        "attributes": {"dock": 4},
    }


def test_a_lower_version_never_moves_a_status_back_and_each_reason_is_counted() -> None:
    world = World()
    world.change("order/A-1", "delivered", 5)
    world.change("order/A-1", "packed", 4)
    world.change("order/A-1", "returned", 5, event="another")
    world.change("order/A-1", "delivered", 5)
    world.change("order/A-1", "closed", 6)
    world.route(batch=1).drain()
    assert [payload["status"] for payload in world.payloads("order:acme/A-1")] == ["delivered", "closed"]
    for outcome, count in {"live": 2, "lower_version": 1, "same_version": 1, "duplicate": 1}.items():
        assert world.count("fleetcast_route_status_changes_total", outcome=outcome) == count


def test_a_position_shows_the_status_of_its_asset_as_it_is_when_it_is_told() -> None:
    world = World()
    world.post(ping(0))
    world.enrich().drain()
    world.change("asset/bus-1", "driving", 1)
    world.route().drain()  # both in one batch
    world.change("asset/bus-1", "resting", 2)
    run(world, ping(10))
    statuses = [payload["status"] for payload in world.payloads("fleet:acme") if payload["kind"] == "position"]
    assert [status["status"] for status in statuses if isinstance(status, dict)] == ["driving", "resting"]


def test_statuses_of_another_process_are_read_and_never_guessed() -> None:
    world = World()
    statuses, positions = world.route(all_partitions=False), world.route(all_partitions=False)
    statuses.assign((STATUS_CHANGES.name, n) for n in range(4))
    positions.assign((POSITIONS.name, n) for n in range(4))
    world.change("asset/bus-1", "driving", 1)
    world.post(ping(0))
    world.enrich().drain()
    assert not positions.drain()  # the other has yet to load them
    statuses.drain()
    positions.drain()
    world.change("asset/bus-1", "resting", 2)
    statuses.drain()
    world.post(ping(10))
    world.enrich().drain()
    positions.drain()
    told = [payload["status"] for payload in world.payloads("fleet:acme") if payload["kind"] == "position"]
    assert [status["status"] for status in told if isinstance(status, dict)] == ["driving", "resting"]


def test_what_cannot_be_read_is_buried_with_the_reason_and_the_next_is_unaffected() -> None:
    world = World()
    world.post(ping(0))
    world.enrich().drain()
    partition = world.cluster.records(POSITIONS.name)[0].partition
    world.cluster.append(OutRecord(POSITIONS.name, b"acme/bus-1", b"\x00nonsense", partition=partition))
    world.cluster.append(OutRecord(STATUS_CHANGES.name, b"acme/order/A-1", b""))
    world.cluster.append(OutRecord(STATUS_CHANGES.name, b"acme/order/A-1", None))
    world.change("order/A-1", "packed", 1)
    world.change("parcel/A-1", "packed", 1)
    world.change("order/A,1", "packed", 1)
    world.change("order/A-1", "", 2)
    run(world, ping(10))
    assert len(world.payloads("fleet:acme")) == 3
    reasons = {
        topic: sorted(
            header(record.headers, REASON) or b"" for record in world.cluster.records(dead_letter_topic(topic, "route"))
        )
        for topic in (POSITIONS.name, STATUS_CHANGES.name)
    }
    assert reasons[POSITIONS.name] == [b"unknown_schema"]
    assert reasons[STATUS_CHANGES.name] == [b"empty", b"empty", *[b"malformed_record"] * 3]


def test_a_status_in_a_partition_where_nobody_would_look_for_it_is_buried() -> None:
    world = World()
    world.change("order/A-1", "packed", 1)
    (record,) = world.cluster.records(STATUS_CHANGES.name)
    elsewhere = (record.partition + 1) % 4
    world.cluster.append(OutRecord(record.topic, record.key, record.value, partition=elsewhere))
    world.route().drain()
    (buried,) = world.cluster.records(dead_letter_topic(STATUS_CHANGES.name, "route"))
    assert header(buried.headers, REASON) == b"wrong_partition"
    assert len(world.payloads("order:acme/A-1")) == 1


def test_a_live_record_carries_the_trace_and_the_identity_of_its_event() -> None:
    world = World()
    (update,) = run(world, ping(0))
    (record,) = world.cluster.records(LIVE.name)
    assert header(record.headers, "traceparent") == b"00-aa-bb-01"
    assert header(record.headers, "ce_id") == update.id.encode()
    assert header(record.headers, "ce_type") == b"fleetcast.live.position"


def test_the_same_event_id_of_two_assets_makes_two_updates() -> None:
    world = World()
    updates = run(world, ping(0, asset="bus-1", event="1"), ping(0, asset="bus-2", event="1"))
    assert len({update.id for update in updates}) == 2
