"""Notifications of back ends: what becomes of a good one, and what is said of a bad one, field by field."""

import json
from typing import Any

import pytest

from access.minting import mint_backend
from backbone.topics import NOTIFICATION_REQUESTS
from domain.instants import DAY, SECOND, parse_rfc3339
from tests.ingest.rig import Ingest, Reply, ago, clock, running_ingest

PATH = "/v1/notifications"


def notice(**fields: Any) -> dict[str, Any]:
    """A good notification, to one user unless `fields` say to whom."""
    to = {} if {"users", "installation", "interest"} & set(fields) else {"user": "u1"}
    return {"type": "message", "title": "Hello", **to, **fields}


async def send(ingest: Ingest, value: Any) -> Reply:
    return await ingest.post(PATH, value, credential=ingest.backend.text)


async def test_all_that_can_be_said(ingest: Ingest) -> None:
    item = notice(
        id="n-1",
        type="order_status",
        interest="order/acme/A-1001",
        title="Order A-1001",
        body="is at the door",
        data={"order": "A-1001", "n": [1, 2.5, None, {"é": True}]},
        time="2026-01-26T15:57:02Z",
        priority="normal",
        ttl_seconds=60,
        collapse_key="A-1001",
        match_key="order/A-1001",
        match_version=7,
    ) | {"time": ago(10)}
    (result,) = (await send(ingest, item)).results()
    assert result == {"status": "accepted", "id": "n-1", "flags": []}
    (request,) = ingest.sent_requests()
    content = request.content
    assert (request.id, request.tenant, request.interest, request.users) == ("n-1", "acme", "order/acme/A-1001", [])
    assert request.credential == ingest.backend.credential.id
    assert (content.type, content.title, content.body) == ("order_status", "Order A-1001", "is at the door")
    assert content.data == b'{"order":"A-1001","n":[1,2.5,null,{"\xc3\xa9":true}]}'
    assert content.created_at == parse_rfc3339(item["time"])
    assert content.expires_at - content.accepted_at == 60 * SECOND
    assert (content.priority, content.collapse_key) == ("normal", "A-1001")
    assert (content.match_key, content.match_version) == ("order/A-1001", 7)
    assert (content.interest, content.about) == ("order/acme/A-1001", "acme/order/A-1001")
    (record,) = ingest.kafka.records
    assert (record.topic, record.key) == (NOTIFICATION_REQUESTS.name, b"acme/order/acme/A-1001")
    assert dict(record.headers)["ce_id"] == b"n-1"


async def test_what_is_not_said_the_type_says(ingest: Ingest) -> None:
    await send(ingest, {"type": "alert", "user": "u1"})
    (request,) = ingest.sent_requests()
    content = request.content
    assert request.users == ["u1"]
    assert (content.title, content.body, content.priority) == ("Alert", "", "high")
    assert content.expires_at - content.accepted_at == 3_600 * SECOND
    assert content.created_at == content.accepted_at
    assert (content.data, content.about, request.send_at) == (None, None, None)


async def test_to_users_each_once_and_to_an_installation(ingest: Ingest) -> None:
    await send(ingest, [notice(users=["b", "a", "b"]), notice(installation="phone-1")])
    several, one = ingest.sent_requests()
    assert several.users == ["b", "a"]
    assert (one.users, one.installation) == ([], "phone-1")


async def test_later_counts_its_ttl_from_then_and_the_past_is_now(ingest: Ingest) -> None:
    await send(ingest, [notice(send_at=ago(-3_600), ttl_seconds=60), notice(send_at=ago(60), ttl_seconds=60)])
    later, now = ingest.sent_requests()
    assert later.send_at is not None
    assert later.content.expires_at == later.send_at + 60 * SECOND
    assert now.send_at is None
    assert now.content.expires_at == now.content.accepted_at + 60 * SECOND


async def test_the_same_id_or_the_same_words_at_the_same_time_are_the_same_notification(ingest: Ingest) -> None:
    time = ago(5)
    await send(ingest, [notice(time=time), notice(time=time), notice(time=time, title="Hallo")])
    first, again, other = ingest.sent_requests()
    assert first.id == again.id != other.id
    assert first.key == again.key, "so that both come to the same reader, in order"


async def test_the_same_words_without_a_time_are_told_again(ingest: Ingest) -> None:
    await send(ingest, notice())
    await send(ingest, notice())
    first, again = ingest.sent_requests()
    assert first.id != again.id


async def test_a_credential_of_a_tenant_needs_no_fleet(ingest: Ingest) -> None:
    item = notice(interest="asset/acme.eu/truck-7")
    (await ingest.post(PATH, item, credential=ingest.tenant.text)).results()
    (request,) = ingest.sent_requests()
    assert (request.tenant, request.content.about) == ("acme", "acme.eu/asset/truck-7")


async def test_interests_of_other_fleets_are_not_for_this_credential(ingest: Ingest) -> None:
    part = mint_backend(fleet="acme.eu", tenant=None, now=clock())
    await ingest.store.add(part.credential)
    for credential, fleet in ((part, "acme"), (part, "acme.us"), (ingest.tenant, "other"), (ingest.backend, "other")):
        item = notice(interest=f"order/{fleet}/A-1")
        reply = await ingest.post(PATH, item, credential=credential.text)
        reply.problem(403, "fleet-not-allowed", "/interest")
    reply = await ingest.post(PATH, notice(interest="order/acme.eu/A-1"), credential=part.text)
    assert reply.status == 202


async def test_devices_tell_nobody(ingest: Ingest) -> None:
    (await ingest.post(PATH, notice())).problem(403, "wrong-credential-kind")
    reply = await ingest.send("POST", PATH, json.dumps(notice()).encode())
    reply.problem(401, "credential-missing")
    assert ingest.books("notifications") == {"wrong-credential-kind": 1, "credential-missing": 1}


DEEP: dict[str, Any] = {}
for _ in range(20):
    DEEP = {"d": DEEP}


@pytest.mark.parametrize(
    ("wrong", "slug", "pointers"),
    [
        ({"type": "nonsense"}, "unknown-type", ("/type",)),
        ({"type": 7}, "wrong-type", ("/type",)),
        ({"user": None}, "missing-field", ("/user",)),
        ({"user": "a/b"}, "bad-id", ("/user",)),
        ({"user": ""}, "bad-id", ("/user",)),
        ({"user": ["u1"]}, "wrong-type", ("/user",)),
        ({"users": []}, "empty-list", ("/users",)),
        ({"users": "u1"}, "wrong-type", ("/users",)),
        ({"users": ["a", "b/c", 7]}, "invalid-item", ("/users/1", "/users/2")),
        ({"users": [f"u{n}" for n in range(1_001)]}, "too-many-users", ("/users",)),
        ({"users": ["a"], "user": "b"}, "bad-shape", ("/users",)),
        ({"user": "a", "installation": "b", "interest": "c"}, "bad-shape", ("/installation", "/interest")),
        ({"installation": "x" * 129}, "bad-id", ("/installation",)),
        ({"interest": "has space"}, "bad-interest", ("/interest",)),
        ({"interest": "x" * 251}, "bad-interest", ("/interest",)),
        ({"interest": ""}, "bad-interest", ("/interest",)),
        ({"title": ""}, "bad-text", ("/title",)),
        ({"title": "x" * 501}, "bad-text", ("/title",)),
        ({"title": "é" * 251}, "bad-text", ("/title",)),
        ({"title": None, "type": "order_status"}, "missing-field", ("/title",)),
        ({"body": "x" * 2_001}, "bad-text", ("/body",)),
        ({"body": "\0"}, "bad-text", ("/body",)),
        ({"body": 7}, "wrong-type", ("/body",)),
        ({"data": []}, "wrong-type", ("/data",)),
        ({"data": "{}"}, "wrong-type", ("/data",)),
        ({"data": {"x": "y" * 4_096}}, "bad-data", ("/data",)),
        ({"data": DEEP}, "bad-data", ("/data" + "/d" * 16,)),
        ({"data": {"a": [2**63]}}, "out-of-range", ("/data/a/0",)),
        ({"data": {"a": {"b": "\ud800"}}}, "bad-text", ("/data/a/b",)),
        ({"data": {"\0": 1}}, "bad-text", ("/data/\0",)),
        ({"id": "a b"}, "bad-id", ("/id",)),
        ({"priority": "urgent"}, "bad-priority", ("/priority",)),
        ({"priority": 1}, "wrong-type", ("/priority",)),
        ({"ttl_seconds": 0}, "out-of-range", ("/ttl_seconds",)),
        ({"ttl_seconds": 28 * 86_400 + 1}, "out-of-range", ("/ttl_seconds",)),
        ({"ttl_seconds": 1.5}, "wrong-type", ("/ttl_seconds",)),
        ({"collapse_key": ""}, "bad-text", ("/collapse_key",)),
        ({"collapse_key": "x" * 251}, "bad-text", ("/collapse_key",)),
        ({"match_key": "k"}, "missing-field", ("/match_version",)),
        ({"match_version": 1}, "missing-field", ("/match_key",)),
        ({"match_key": "k", "match_version": -1}, "out-of-range", ("/match_version",)),
        ({"match_key": "k", "match_version": 2**53}, "out-of-range", ("/match_version",)),
        ({"send_at": "tomorrow"}, "bad-time", ("/send_at",)),
        ({"send_at": "2026-01-26T15:57:02"}, "time-without-zone", ("/send_at",)),
        ({"send_at": ago(-366 * 86_400)}, "time-in-future", ("/send_at",)),
        ({"send_at": "9999-12-31T23:59:59Z"}, "time-in-future", ("/send_at",)),
        ({"time": ago(-3_600)}, "time-in-future", ("/time",)),
        ({"time": ago(31 * 86_400)}, "time-too-old", ("/time",)),
        ({"attributes": {}}, "unknown-field", ("/attributes",)),
        ({"title": 7, "colour": "red"}, "invalid-item", ("/title", "/colour")),
        # Of what needs a look at several fields or at the deployment, too: all at once, and nothing twice.
        ({"type": "nonsense", "title": "", "priority": "x"}, "invalid-item", ("/type", "/title", "/priority")),
        (
            {"type": "nonsense", "user": "a/b", "match_key": ""},
            "invalid-item",
            ("/type", "/user", "/match_key", "/match_version"),
        ),
        ({"user": None, "body": 7, "time": ago(-3_600)}, "invalid-item", ("/user", "/body", "/time")),
        ({"user": "a/b", "interest": "order/acme/A-1"}, "invalid-item", ("/user", "/interest")),
        ({"type": "order_status", "title": 7}, "wrong-type", ("/title",)),
    ],
)
async def test_not_a_notification(ingest: Ingest, wrong: dict[str, Any], slug: str, pointers: tuple[str, ...]) -> None:
    status = 400
    (await send(ingest, notice(**wrong))).problem(status, slug, *pointers)
    (mixed, good) = (await send(ingest, [notice(**wrong), notice(id="good")])).results()
    assert mixed["problem"]["type"] == f"/problems/{slug}"
    assert sorted(each["pointer"] for each in mixed["problem"]["errors"]) == sorted(f"/0{each}" for each in pointers)
    assert good["status"] == "accepted"
    assert [each.id for each in ingest.sent_requests()] == ["good"]
    assert ingest.books("notifications") == {slug: 2, "accepted": 1}


async def test_the_limits_are_those_that_are_set() -> None:
    async with running_ingest(notification_users=2, notification_data_bytes=256, notification_days=1) as ingest:
        good = notice(users=["a", "b"], data={"x": "y" * 240}, send_at=ago(-80_000))
        assert (await send(ingest, good)).status == 202
        reply = await send(ingest, notice(users=["a", "b", "c"]))
        assert "up to 2 users, not 3" in reply.problem(400, "too-many-users", "/users")["detail"]
        (await send(ingest, notice(data={"x": "y" * 250}))).problem(400, "bad-data", "/data")
        (await send(ingest, notice(send_at=ago(-2 * 86_400)))).problem(400, "time-in-future", "/send_at")


async def test_the_credentials_rate_holds_here_too() -> None:
    async with running_ingest(backend_rate=0.5, backend_burst=10) as ingest:
        assert (await send(ingest, [notice()] * 10)).status == 202
        reply = await send(ingest, notice())
        reply.problem(429, "rate-limited")
        assert int(reply.headers["retry-after"]) >= 1
        (await send(ingest, [notice()] * 11)).problem(413, "batch-too-long")


async def test_expiry_has_room_for_the_furthest_send_at(ingest: Ingest) -> None:
    await send(ingest, notice(send_at=ago(-364 * 86_400), ttl_seconds=28 * 86_400))
    (request,) = ingest.sent_requests()
    assert request.content.expires_at > clock() + 390 * DAY
