"""Pings that are taken: what becomes of them in Kafka, and what the answer says."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from backbone.record import header
from domain.instants import SECOND, parse_rfc3339
from tests.ingest.rig import Ingest, ago, clock, ping, running_ingest, zipped


async def test_a_ping_arrives_in_kafka_as_the_device_said_it(ingest: Ingest) -> None:
    before = clock()
    item = ping(
        id="p-1",
        speed=8.25,
        heading=271.5,
        altitude=12,
        accuracy=4.5,
        battery=0.83,
        attributes={"driver": "d7", "doors": 2, "cold": True, "load": None, "temp": -18.5},
    )
    (result,) = (await ingest.pings(item)).results()

    assert result == {"status": "accepted", "id": "p-1", "flags": []}
    (sent,) = ingest.sent_pings()
    assert (sent.id, sent.fleet, sent.asset, sent.device) == ("p-1", "acme", "truck-7", "box-7")
    assert sent.time == parse_rfc3339(item["time"])
    assert (sent.lat, sent.lon, sent.speed, sent.heading) == (53.4, -2.99, 8.25, 271.5)
    assert (sent.altitude, sent.accuracy, sent.battery) == (12.0, 4.5, 0.83)
    assert sent.attributes == item["attributes"]
    assert before <= sent.received_at <= clock()


async def test_the_record_has_its_key_and_the_headers_of_an_event(ingest: Ingest) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    item = ping(id="p-1")
    await ingest.pings(item, headers={"traceparent": parent})
    (record,) = ingest.kafka.records

    assert record.key == b"acme/truck-7"
    assert header(record.headers, "ce_id") == b"p-1"
    assert header(record.headers, "ce_type") == b"fleetcast.ping"
    assert header(record.headers, "ce_source") == f"/fleets/acme/credentials/{ingest.device.credential.id}".encode()
    assert parse_rfc3339((header(record.headers, "ce_time") or b"").decode()) == parse_rfc3339(item["time"])
    hop = (header(record.headers, "traceparent") or b"").decode()
    assert hop.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert hop != parent


@pytest.mark.parametrize("traceparent", [None, "nonsense", "00-0-0-00"])
async def test_without_a_trace_one_begins_here(ingest: Ingest, traceparent: str | None) -> None:
    headers = {} if traceparent is None else {"traceparent": traceparent}
    await ingest.pings([ping(), ping(id="b")], headers=headers)
    hops = {header(each.headers, "traceparent") for each in ingest.kafka.records}
    assert len(hops) == 1, "a request is one hop"
    assert (hops.pop() or b"").startswith(b"00-")


async def test_the_same_fix_gets_the_same_id_and_another_fix_another(ingest: Ingest) -> None:
    item = ping()
    ids = [
        (await ingest.pings(each)).results()[0]["id"]
        for each in (item, item, {**item, "lat": 53.41}, {**item, "asset": "trailer-9"}, {**item, "speed": 1})
    ]
    assert uuid.UUID(ids[0]).version == 5
    assert ids[0] == ids[1] == ids[4]
    assert len(set(ids)) == 3


async def test_minus_zero_is_zero(ingest: Ingest) -> None:
    item = ping(lat=0.0, lon=10.0)
    first = (await ingest.pings(item)).results()[0]["id"]
    assert (await ingest.pings({**item, "lat": -0.0})).results()[0]["id"] == first


async def test_no_fix_is_taken_with_its_flag(ingest: Ingest) -> None:
    (result,) = (await ingest.pings(ping(lat=0, lon=0))).results()
    assert (result["status"], result["flags"]) == ("accepted", ["no_fix"])
    assert len(ingest.sent_pings()) == 1


async def test_flags_that_need_no_memory_are_told(ingest: Ingest) -> None:
    items = [ping(time=ago(90)), ping(time=ago(-60)), ping(time=ago(8 * 86_400), lat=0, lon=0), ping(time=ago(0))]
    results = (await ingest.pings(items)).results()
    assert [each["flags"] for each in results] == [["late"], ["future"], ["no_fix", "too_old", "late"], []]


async def test_a_list_is_one_publish_in_its_order(ingest: Ingest) -> None:
    items = [ping(id=f"p{number}") for number in range(1_000)]
    results = (await ingest.pings(items)).results()
    assert [each["id"] for each in results] == [each["id"] for each in items]
    assert [each.id for each in ingest.sent_pings()] == [each["id"] for each in items]
    assert ingest.kafka.calls == 1


async def test_a_list_of_one_and_an_object_get_the_same_answer(ingest: Ingest) -> None:
    item = ping()
    assert (await ingest.pings([item])).document == (await ingest.pings(item)).document


async def test_what_is_good_of_a_list_is_taken_and_the_rest_is_named(ingest: Ingest) -> None:
    items = [ping(id="a"), ping(lat=99), ping(id="c", asset="not-mine"), 7, ping(id="e")]
    reply = await ingest.pings(items)
    results = reply.results()

    assert [each["status"] for each in results] == ["accepted", "refused", "refused", "refused", "accepted"]
    problems = [each.get("problem", {}) for each in results]
    assert (problems[1]["type"], problems[1]["status"]) == ("/problems/out-of-range", 400)
    assert problems[1]["errors"][0]["pointer"] == "/1/lat"
    assert (problems[2]["type"], problems[2]["status"]) == ("/problems/asset-not-bound", 403)
    assert problems[2]["errors"][0]["pointer"] == "/2/asset"
    assert problems[3]["errors"][0]["pointer"] == "/3"
    assert [each.id for each in ingest.sent_pings()] == ["a", "e"]
    assert ingest.books() == {"accepted": 2, "out-of-range": 1, "asset-not-bound": 1, "wrong-type": 1}


async def test_gzip_is_taken(ingest: Ingest) -> None:
    (result,) = (await ingest.pings(zipped(ping()), headers={"Content-Encoding": "gzip"})).results()
    assert result["status"] == "accepted"


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=UTF-8", "application/vnd.acme+json"]
)
async def test_json_by_its_names(ingest: Ingest, content_type: str) -> None:
    assert (await ingest.pings(ping(), headers={"Content-Type": content_type})).status == 202


async def test_a_back_end_posts_for_any_asset_of_its_fleets(ingest: Ingest) -> None:
    await ingest.pings(ping(asset="any"), credential=ingest.backend.text)
    await ingest.post("/v1/pings?fleet=acme.eu", ping(asset="other"), credential=ingest.tenant.text)
    sent = ingest.sent_pings()
    assert [(each.fleet, each.asset, each.device) for each in sent] == [
        ("acme", "any", None),
        ("acme.eu", "other", None),
    ]


async def test_the_answer_waits_for_kafka(ingest: Ingest) -> None:
    ingest.kafka.gate.clear()
    posting = asyncio.create_task(ingest.pings(ping()))
    deadline = asyncio.get_running_loop().time() + 5
    while not ingest.kafka.calls:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    assert not posting.done()
    ingest.kafka.gate.set()
    assert (await posting).status == 202


async def test_times_just_inside_of_the_bounds_are_taken() -> None:
    async with running_ingest(future_seconds=300, past_days=30) as ingest:
        items: list[Any] = [ping(time=ago(-290)), ping(time=ago(30 * 86_400 - 10))]
        assert [each["status"] for each in (await ingest.pings(items)).results()] == ["accepted", "accepted"]


async def test_offsets_of_zones_are_understood(ingest: Ingest) -> None:
    now = clock() // SECOND * SECOND
    for zone in (timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8)), UTC):
        text = datetime.fromtimestamp(now / SECOND, tz=zone).isoformat()
        await ingest.pings(ping(time=text))
    assert {each.time for each in ingest.sent_pings()} == {now}
