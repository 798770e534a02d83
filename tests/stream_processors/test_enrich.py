"""What `enrich` guarantees while nothing fails."""

import itertools

from backbone.dead_letters import DETAIL, OFFSET, PARTITION, REASON
from backbone.record import OutRecord, header
from backbone.topics import PINGS, POSITIONS, STATUS_CHANGES, dead_letter_topic
from domain.instants import SECOND
from domain.position import CarriedOrder
from domain.reference import ReferenceKind
from domain.status_change import StatusChange
from tests.domain.fixes import METRE, NOON, ping
from tests.stream_processors.world import World

DLQ = dead_letter_topic(PINGS.name, "enrich")


def test_every_ping_has_exactly_one_position_with_its_flags_in_the_order_of_its_partition() -> None:
    world = World()
    fixes = [ping(n, asset=f"bus-{bus}", event=f"b{bus}-{n}") for n in range(5) for bus in range(6)]
    world.post(*fixes, ping(2, asset="bus-1", event="b1-2"), ping(1, asset="bus-1", event="old"))
    assert world.enrich(batch=7).drain()
    positions = world.positions()
    assert len(positions) == len(fixes) + 2
    for bus in range(6):
        mine = [each for each in positions if each.asset == f"bus-{bus}"]
        assert [each.id for each in mine][:5] == [f"b{bus}-{n}" for n in range(5)]
    flagged = {each.id: [str(flag) for flag in each.quality] for each in positions if each.quality}
    assert flagged == {"b1-2": ["duplicate", "out_of_order"], "old": ["out_of_order"]}


def test_a_position_has_the_key_the_partition_the_trace_and_the_place_of_its_ping() -> None:
    world = World()
    world.post(*(ping(0, asset=f"bus-{n}") for n in range(20)))
    world.enrich().drain()
    topic_id = world.cluster.topics([PINGS.name])[PINGS.name].topic_id
    pings = {(record.partition, record.offset): record for record in world.cluster.records(PINGS.name)}
    positions = world.positions()
    for record, position in zip(world.cluster.records(POSITIONS.name), positions, strict=True):
        source = position.source
        of = pings.pop((source.partition, source.offset))
        assert (source.topic, source.topic_id, source.index) == (PINGS.name, topic_id, 0)
        assert (record.key, record.partition) == (of.key, of.partition)
        assert header(record.headers, "traceparent") == b"00-aa-bb-01"
        assert header(record.headers, "ce_id") == position.id.encode()
    assert pings == {}


def test_flags_depend_on_one_asset_alone_and_last_over_batches_and_processes() -> None:
    world = World()
    for n in range(3):
        world.post(ping(10 * n, asset="bus-1"), ping(5, asset="bus-2", event=f"other{n}"))
        world.enrich(batch=1).drain()
    by_asset = {
        asset: [each.quality for each in world.positions() if each.asset == asset] for asset in ("bus-1", "bus-2")
    }
    assert by_asset == {"bus-1": [[], [], []], "bus-2": [[], ["same_time"], ["same_time"]]}


def test_a_state_that_left_memory_is_read_again() -> None:
    world = World()
    consumer = world.enrich(batch=50)  # which keeps 100 assets
    for n in range(2):
        world.post(*(ping(n * 10, 53.4 + n * 100 * METRE, asset=f"bus-{bus}") for bus in range(1_000)))
        consumer.drain()
    second = [each for each in world.positions() if each.time == NOON + 10 * SECOND]
    assert len(second) == 1_000
    assert all(each.speed_derived and not each.quality for each in second)


def test_orders_are_those_of_the_fixs_time_not_of_its_arrival() -> None:
    world = World()
    world.assign("van-1", "A-1", 0, 100)
    world.assign("van-2", "A-1", 100)
    world.assign("van-1", "B-7", 0, order_fleet="acme.eu")
    world.post(ping(150, asset="van-1", event="v1-150"), ping(99, asset="van-1", event="v1-99"))
    world.post(ping(150, asset="van-2", event="v2-150"), ping(100, asset="van-2", event="v2-100"))
    world.enrich().drain()
    orders = {each.id: each.orders for each in world.positions()}
    foreign, handed = CarriedOrder("acme.eu", "B-7"), CarriedOrder("acme", "A-1")
    assert orders == {"v1-150": [foreign], "v1-99": [handed, foreign], "v2-150": [handed], "v2-100": [handed]}


def test_deleted_assignments_and_assets_count_no_more() -> None:
    world = World()
    world.assign("van-1", "A-1", assignment="one")
    world.know_asset("van-1", max_speed=1.0)
    world.forget_reference(ReferenceKind.ASSIGNMENT, "one")
    world.forget_reference(ReferenceKind.ASSET, "van-1")
    world.post(ping(0, asset="van-1"), ping(10, 53.4 + 500 * METRE, asset="van-1"))
    world.enrich().drain()
    assert [(each.orders, each.quality) for each in world.positions()] == [([], []), ([], [])]


def test_an_assets_highest_speed_is_that_of_the_reference_data() -> None:
    world = World()
    world.know_asset("ship-1", max_speed=20.0)
    world.post(ping(0, asset="ship-1"), ping(10, 53.4 + 500 * METRE, asset="ship-1"))
    world.enrich().drain()
    assert [each.quality for each in world.positions()] == [[], ["impossible_jump"]]


def test_what_cannot_be_read_is_buried_with_the_reason_and_the_next_is_unaffected() -> None:
    world = World()
    key = ping(0).key.encode()
    good = world.codec.encode(PINGS, ping(5))
    change = StatusChange("s", "acme", "order/A", "packed", NOON, NOON, 1, None)
    bad: dict[str, bytes | None] = {
        "empty": b"",
        "wrong_magic": b"hello",
        "unknown_schema": b"\x00\x00\x00\x27\x0f" + good[5:],
        "bad_body": good[:-9],
        "trailing_bytes": good + b"!",
        "wrong_record": world.codec.encode(STATUS_CHANGES, change),
    }
    world.post(ping(0))
    for n, value in enumerate(bad.values(), start=1):
        world.cluster.append(OutRecord(PINGS.name, key, value, [("device", b"d-1")]))
        world.post(ping(n))
    consumer = world.enrich(batch=3)
    assert consumer.drain()
    assert [each.id for each in world.positions()] == [f"p{n}" for n in range(len(bad) + 1)]
    assert all(each.quality == [] for each in world.positions())
    buried = world.cluster.records(DLQ)
    assert [record.value for record in buried] == list(bad.values())
    for record, reason in zip(buried, bad, strict=True):
        assert header(record.headers, REASON) == reason.encode()
        assert header(record.headers, DETAIL)
        assert header(record.headers, "device") == b"d-1"
        assert record.key == key
    assert [header(record.headers, OFFSET) for record in buried] == [b"1", b"3", b"5", b"7", b"9", b"11"]
    assert len({header(record.headers, PARTITION) for record in buried}) == 1


def test_a_record_that_cannot_be_read_is_buried_once_also_when_it_is_the_last() -> None:
    world = World()
    world.cluster.append(OutRecord(PINGS.name, b"acme/bus-1", b"hello"))
    world.enrich().drain()
    world.enrich().drain()
    assert len(world.cluster.records(DLQ)) == 1


def test_values_that_no_ingest_would_have_written_are_buried() -> None:
    world = World()
    nan, infinite = float("nan"), float("inf")
    strange = [
        ping(0, nan),
        ping(0, 90.1),
        ping(0, 0, infinite),
        ping(0, speed=nan),
        ping(0, asset="a/b"),
        ping(0, event="a,b"),
        ping(10.0**12),
    ]
    world.post(*strange, ping(1, asset="fine"))
    world.enrich().drain()
    assert [each.asset for each in world.positions()] == ["fine"]
    assert {header(record.headers, REASON) for record in world.cluster.records(DLQ)} == {b"malformed_record"}
    assert len(world.cluster.records(DLQ)) == len(strange)


def test_the_books_count_each_position_once_by_the_flag_that_holds_it_back() -> None:
    world = World()
    world.post(ping(0), ping(1, 0.0, 0.0), ping(0), ping(5, received=100), ping(5, event="same", received=100))
    world.enrich().drain()
    held = {
        flag: world.count("fleetcast_enrich_positions_total", held=flag)
        for flag in ("", "no_fix", "duplicate", "same_time", "late")
    }
    assert held == {"": 2, "no_fix": 1, "duplicate": 1, "same_time": 1, "late": 0}


def test_faults_as_receivers_record_them_are_flagged_one_by_one() -> None:
    """A made-up bus with what real recordings have: a gap, a repeated fix, a coarse clock, noise, a jump, no fix."""
    world = World()
    recorded = [
        (0, 53.40000, -2.90000),
        (20, 53.40120, -2.90010),
        (20, 53.40120, -2.90010),  # repeated
        (41, 53.40121, -2.90009),  # stands still, noise
        (61, 54.10000, -1.20000),  # a jump
        (80, 0.0, 0.0),  # no fix
        (100, 53.40300, -2.90050),
        (100, 53.40310, -2.90060),  # coarse clock
        (90, 53.40200, -2.90030),  # overtaken
        (4_000, 53.48000, -2.99000),  # a gap
        (4_020, 53.48100, -2.99000),
    ]
    counter = itertools.count()
    world.post(
        *(ping(s, lat, lon, event=f"r{s}-{lat}-{lon}", received=4_100 + next(counter)) for s, lat, lon in recorded)
    )
    world.enrich().drain()
    flags = [[str(flag) for flag in each.quality if flag != "late"] for each in world.positions()]
    assert flags == [
        [],
        [],
        ["duplicate"],
        [],
        ["impossible_jump"],
        ["no_fix"],
        [],
        ["same_time"],
        ["out_of_order"],
        [],
        [],
    ]
