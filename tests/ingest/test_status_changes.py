"""Status changes: who may tell them, and what becomes of them."""

from typing import Any

import pytest

from domain.instants import parse_rfc3339
from tests.ingest.rig import Ingest, ago


def change(**fields: Any) -> dict[str, Any]:
    return {"entity": "order/A-1001", "status": "out_for_delivery", "time": ago(1), **fields}


async def test_a_back_end_tells_the_status_of_anything(ingest: Ingest) -> None:
    item = change(id="s-1", version=7, attributes={"by": "erp"})
    (result,) = (await ingest.post("/v1/status-changes", item, credential=ingest.backend.text)).results()
    assert result == {"status": "accepted", "id": "s-1", "flags": []}
    (sent,) = ingest.sent_statuses()
    assert (sent.id, sent.fleet, sent.entity, sent.status, sent.version) == (
        "s-1",
        "acme",
        "order/A-1001",
        "out_for_delivery",
        7,
    )
    assert sent.credential == ingest.backend.credential.id
    assert sent.attributes == {"by": "erp"}
    assert ingest.kafka.records[0].key == b"acme/order/A-1001"


async def test_without_a_version_the_time_orders(ingest: Ingest) -> None:
    item = change()
    await ingest.post("/v1/status-changes", [item, item, change(status="delivered")], credential=ingest.backend.text)
    first, second, third = ingest.sent_statuses()
    assert first.version == parse_rfc3339(item["time"])
    assert first.id == second.id != third.id


async def test_a_device_tells_the_status_of_its_own_assets_only(ingest: Ingest) -> None:
    items = [change(entity="asset/truck-7"), change(entity="asset/truck-8"), change(entity="order/truck-7")]
    results = (await ingest.post("/v1/status-changes", items)).results()
    assert [each["status"] for each in results] == ["accepted", "refused", "refused"]
    for index in (1, 2):
        problem = results[index]["problem"]
        assert (problem["status"], problem["type"]) == (403, "/problems/asset-not-bound")
        assert problem["errors"][0]["pointer"] == f"/{index}/entity"


@pytest.mark.parametrize(
    ("wrong", "slug", "pointer"),
    [
        ({"entity": "A-1001"}, "bad-id", "/entity"),
        ({"entity": "user/u1"}, "bad-id", "/entity"),
        ({"status": "out for delivery"}, "bad-id", "/status"),
        ({"status": 1}, "wrong-type", "/status"),
        ({"version": -1}, "out-of-range", "/version"),
        ({"version": 2**63}, "out-of-range", "/version"),
        ({"version": 1.5}, "wrong-type", "/version"),
        ({"time": ago(-3_600)}, "time-in-future", "/time"),
        ({"time": "2026-01-26T15:57:02"}, "time-without-zone", "/time"),
        ({"lat": 1}, "unknown-field", "/lat"),
    ],
)
async def test_what_is_no_status_change(ingest: Ingest, wrong: dict[str, Any], slug: str, pointer: str) -> None:
    reply = await ingest.post("/v1/status-changes", change(**wrong), credential=ingest.backend.text)
    reply.problem(400, slug, pointer)
    assert ingest.books("status_changes") == {slug: 1}
