"""Reference data: what is kept of each kind, what is refused, and how an entry is deleted."""

from typing import Any

import pytest

from domain.instants import parse_rfc3339
from domain.reference import Asset, Assignment, Geofence, Order, Point, ReferenceKind, Watcher
from tests.ingest.rig import Ingest

FROM, TO = "2026-01-26T08:00:00Z", "2026-01-26T18:00:00+01:00"
RING = [{"lat": 1, "lon": 1}, {"lat": 1, "lon": 2}, {"lat": 2, "lon": 2}]


@pytest.mark.parametrize(
    ("kind", "value", "field", "kept"),
    [
        (
            "assets",
            {"name": "Truck 7", "type": "truck", "max_speed": 25, "attributes": {"depot": "north"}},
            "asset",
            Asset(name="Truck 7", type="truck", max_speed=25.0, attributes={"depot": "north"}),
        ),
        ("assets", {}, "asset", Asset()),
        (
            "orders",
            {"title": "Sofa", "destination": {"lat": 53.4, "lon": -3}, "promised_at": TO},
            "order",
            Order(title="Sofa", destination=Point(53.4, -3.0), promised_at=parse_rfc3339(TO)),
        ),
        (
            "assignments",
            {"asset": "truck-7", "order": "A-1", "valid_from": FROM, "valid_to": TO, "order_fleet": "acme.eu"},
            "assignment",
            Assignment("truck-7", "A-1", parse_rfc3339(FROM), parse_rfc3339(TO), "acme.eu"),
        ),
        (
            "assignments",
            {"asset": "truck-7", "order": "A-1", "valid_from": FROM, "valid_to": None},
            "assignment",
            Assignment("truck-7", "A-1", parse_rfc3339(FROM)),
        ),
        ("watchers", {"user": "u1", "entity": "order/A-1"}, "watcher", Watcher("u1", "order/A-1")),
        ("geofences", {"name": "Depot", "ring": RING}, "geofence", Geofence("Depot", [Point(**each) for each in RING])),
        (
            "geofences",
            {"center": {"lat": 1, "lon": 1}, "radius": 50},
            "geofence",
            Geofence(center=Point(1.0, 1.0), radius=50.0),
        ),
    ],
)
async def test_each_kind_is_kept(ingest: Ingest, kind: str, value: dict[str, Any], field: str, kept: Any) -> None:
    (result,) = (await ingest.put(f"/v1/reference/{kind}/x-1", value)).results()
    assert result == {"status": "accepted", "id": "x-1", "flags": []}
    (sent,) = ingest.sent_reference()
    assert (sent.kind, sent.fleet, sent.id) == (ReferenceKind(kind), "acme", "x-1")
    assert getattr(sent, field) == kept
    fields = {"asset", "order", "assignment", "watcher", "geofence"}
    assert all(getattr(sent, other) is None for other in fields - {field})
    assert ingest.kafka.records[0].key == f"{kind}/acme/x-1".encode()


async def test_delete_is_a_record_without_a_value(ingest: Ingest) -> None:
    reply = await ingest.send("DELETE", "/v1/reference/orders/A-1?fleet=acme.eu", credential=ingest.tenant.text)
    reply.results()
    (record,) = ingest.kafka.records
    assert (record.key, record.value) == (b"orders/acme.eu/A-1", None)
    assert ("ce_type", b"fleetcast.reference-deleted") in record.headers


@pytest.mark.parametrize(
    ("kind", "value", "slug", "pointers"),
    [
        ("assets", {"max_speed": 0}, "out-of-range", ("/max_speed",)),
        ("assets", {"name": "x" * 2_000}, "bad-text", ("/name",)),
        ("assets", {"colour": 1}, "unknown-field", ("/colour",)),
        ("assets", [], "wrong-type", ("",)),
        ("orders", {"destination": {"lat": 91, "lon": 1}}, "out-of-range", ("/destination/lat",)),
        ("orders", {"promised_at": "2026-01-26T08:00:00"}, "time-without-zone", ("/promised_at",)),
        ("assignments", {"asset": "a"}, "missing-field", ("/order", "/valid_from")),
        (
            "assignments",
            {"asset": "a", "order": "o", "valid_from": FROM, "valid_to": FROM},
            "bad-shape",
            ("/valid_to",),
        ),
        (
            "assignments",
            {"asset": "a", "order": "o", "valid_from": FROM, "order_fleet": "other"},
            "bad-shape",
            ("/order_fleet",),
        ),
        ("watchers", {"user": "u 1", "entity": "x"}, "bad-id", ("/user", "/entity")),
        ("geofences", {}, "bad-shape", ("",)),
        ("geofences", {"ring": RING[:2]}, "bad-shape", ("/ring",)),
        ("geofences", {"ring": []}, "bad-shape", ("/ring",)),
        ("geofences", {"center": {"lat": 1, "lon": 1}}, "bad-shape", ("",)),
        ("geofences", {"ring": RING, "radius": 5}, "bad-shape", ("",)),
    ],
)
async def test_what_is_refused(ingest: Ingest, kind: str, value: Any, slug: str, pointers: tuple[str, ...]) -> None:
    (await ingest.put(f"/v1/reference/{kind}/x-1", value)).problem(400, slug, *pointers)
    assert ingest.kafka.calls == 0


async def test_kinds_and_ids_of_the_path(ingest: Ingest) -> None:
    (await ingest.put("/v1/reference/dragons/x", {})).problem(404, "unknown-kind")
    (await ingest.put("/v1/reference/assets/a%2Fb", {})).problem(400, "bad-id")
    (await ingest.put("/v1/reference/assets/" + "x" * 129, {})).problem(400, "bad-id")
    (await ingest.put("/v1/reference/assets/a/b", {})).problem(404, "not-found")
    (await ingest.put("/v1/reference/assets/a", {}, credential=ingest.tenant.text)).problem(400, "fleet-required")
    assert ingest.books("reference") == {"unknown-kind": 1, "bad-id": 2, "fleet-required": 1}
