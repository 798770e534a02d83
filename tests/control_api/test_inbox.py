"""The inbox over HTTP: what is in it, what changes it, and who is told of that."""

import asyncio
from typing import Any

import pytest

from backbone.publishing import QUEUE_FULL
from domain.delivery_step import Step
from tests.control_api.rig import Control, running_control, token
from tests.storage.notices import store_notice


async def fill(control: Control, count: int, **columns: Any) -> list[int]:
    return [await store_notice(control.engine, f"n{number}", **columns) for number in range(count)]


async def test_an_item_says_what_the_users_channel_said(control: Control) -> None:
    seq = await store_notice(
        control.engine, "n1", data=b'{"order":"A-1"}', about="acme/order/A-1", match_key="k", match_version=2
    )
    reply = await control.get("/v1/inbox")

    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    assert reply.document == {
        "items": [
            {
                "id": "n1",
                "seq": seq,
                "type": "order_status",
                "title": "Order A-1",
                "body": "out_for_delivery",
                "data": {"order": "A-1"},
                "priority": "high",
                "time": "2026-09-21T12:00:00Z",
                "about": "acme/order/A-1",
                "interest": None,
                "match_key": "k",
                "match_version": 2,
                "correction": False,
                "read": False,
                "read_at": None,
                "acked_at": None,
            }
        ],
        "next": None,
        "latest": seq,
        "unread": 1,
        "more": False,
    }


async def test_pages_have_everything_once(control: Control) -> None:
    await fill(control, 7)
    seen: list[str] = []
    path = "/v1/inbox?limit=3"
    while True:
        page = (await control.get(path)).document
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        path = f"/v1/inbox?limit=3&cursor={page['next']}"
    assert seen == [f"n{number}" for number in reversed(range(7))]


async def test_what_was_missed_comes_in_order_over_pages(control: Control) -> None:
    seqs = await fill(control, 6)
    first = (await control.get(f"/v1/inbox?since={seqs[1]}&limit=3")).document
    second = (await control.get(f"/v1/inbox?cursor={first['next']}&limit=3")).document

    assert [each["id"] for each in (*first["items"], *second["items"])] == ["n2", "n3", "n4", "n5"]
    assert first["latest"] == seqs[-1]


async def test_a_read_is_told_to_the_other_devices_and_the_timeline(control: Control) -> None:
    await fill(control, 3)
    reply = await control.post("/v1/inbox/read", {"ids": ["n0", "n2", "nothing", "n0"]})

    assert reply.document == {"changed": 2, "left": False, "unread": 1, "more": False}
    ((channel, payload),) = control.told()
    assert channel == "user:acme/ann"
    assert {**payload, "time": ""} == {
        "kind": "inbox",
        "event": "read",
        "ids": ["n0", "n2", "nothing"],
        "up_to": None,
        "unread": 1,
        "time": "",
    }
    assert [(each.notification, each.step, each.outcome) for each in control.receipts()] == [
        ("n0", Step.READ, "push-prevented"),
        ("n2", Step.READ, "push-prevented"),
    ]


async def test_all_up_to_a_place_and_all(control: Control) -> None:
    seqs = await fill(control, 4)
    assert (await control.post("/v1/inbox/read", {"up_to": seqs[1]})).document["changed"] == 2
    assert (await control.post("/v1/inbox/read", {"all": True})).document["unread"] == 0

    assert [(payload["ids"], payload["up_to"], payload["unread"]) for _, payload in control.told()] == [
        ([], seqs[1], 2),
        ([], seqs[3], 0),
    ]


async def test_one_request_marks_so_many_and_says_that_there_are_more(tables_url: str) -> None:
    async with running_control(tables_url, changed_at_once=2) as control:
        seqs = await fill(control, 1_003)
        first = (await control.post("/v1/inbox/read", {"all": True})).document
        second = (await control.post("/v1/inbox/read", {"all": True})).document

        assert (first["changed"], first["left"], second["changed"], second["left"]) == (1_000, True, 3, False)
        assert [payload["up_to"] for _, payload in control.told()] == [seqs[999], seqs[-1]]


async def test_archived_is_out_of_sight(control: Control) -> None:
    await fill(control, 2)
    assert (await control.post("/v1/inbox/archive", {"ids": ["n0"]})).document["changed"] == 1

    assert [each["id"] for each in (await control.get("/v1/inbox")).document["items"]] == ["n1"]
    assert [payload["event"] for _, payload in control.told()] == ["archived"]
    assert [each.step for each in control.receipts()] == [Step.ARCHIVED]


async def test_an_acknowledgement_ends_an_open_push_and_leaves_the_badge(control: Control) -> None:
    await store_notice(control.engine, "open")
    await store_notice(control.engine, "late", push_state="sent")
    reply = await control.post("/v1/inbox/ack", {"ids": ["open", "late", "nothing"], "installation": "phone-1"})

    assert reply.document == {"acked": ["open", "late"]}
    assert [(each.notification, each.step, each.outcome, each.installation) for each in control.receipts()] == [
        ("open", Step.ACKED, "push-prevented", "phone-1"),
        ("late", Step.ACKED, None, "phone-1"),
    ]
    assert control.told() == []
    assert (await control.get("/v1/inbox/unread")).document == {"unread": 2, "more": False}


async def test_unread_is_counted_to_a_bound(tables_url: str) -> None:
    async with running_control(tables_url, unread_counted=2) as control:
        await fill(control, 3)
        assert (await control.get("/v1/inbox/unread")).document == {"unread": 2, "more": True}


async def test_what_could_not_be_told_is_told_when_it_is_asked_again(control: Control) -> None:
    await fill(control, 1)
    control.kafka.failures = [QUEUE_FULL]
    failed = await control.post("/v1/inbox/read", {"ids": ["n0"]})
    failed.problem(503, "not-told")
    assert int(failed.headers["retry-after"]) > 0

    again = await control.post("/v1/inbox/read", {"ids": ["n0"]})

    assert again.document["changed"] == 0, "it was marked by the first request"
    assert [payload["event"] for _, payload in control.told()] == ["read"]
    (receipt,) = control.receipts()
    third = await control.post("/v1/inbox/read", {"ids": ["n0"]})
    assert third.status == 200
    assert {(each.id, each.at) for each in control.receipts()} == {(receipt.id, receipt.at)}, "told again, the same"


async def test_nobody_sees_or_changes_what_is_anothers(control: Control) -> None:
    (seq,) = await fill(control, 1)
    for other in (token("bob"), token("ann", tenant="other", fleets=["other"])):
        assert (await control.get("/v1/inbox", bearer=other)).document["items"] == []
        assert (await control.get(f"/v1/inbox?since={seq - 1}", bearer=other)).document["items"] == []
        for path in ("read", "archive"):
            reply = await control.post(f"/v1/inbox/{path}", {"ids": ["n0"]}, bearer=other)
            assert reply.document["changed"] == 0
        assert (await control.post("/v1/inbox/ack", {"ids": ["n0"]}, bearer=other)).document == {"acked": []}
    assert (await control.get("/v1/inbox/unread")).document["unread"] == 1
    assert control.receipts() == []
    assert {channel for channel, _ in control.told()} == {"user:acme/bob", "user:other/ann"}


@pytest.mark.parametrize(
    ("body", "slug", "pointers"),
    [
        ({}, "bad-shape", [""]),
        ({"ids": ["a"], "all": True}, "bad-shape", [""]),
        ({"all": False}, "bad-shape", ["/all"]),
        ({"all": 1}, "wrong-type", ["/all"]),
        ({"ids": "a"}, "wrong-type", ["/ids"]),
        ({"ids": ["a/b", 7]}, "invalid-item", ["/ids/0", "/ids/1"]),
        ({"ids": ["x"] * 501}, "out-of-range", ["/ids"]),
        ({"up_to": -1}, "out-of-range", ["/up_to"]),
        ({"up_to": 10**30}, "out-of-range", ["/up_to"]),
        ({"up_to": 1.5}, "wrong-type", ["/up_to"]),
        ({"id": ["a"]}, "unknown-field", ["/id"]),
        ([], "wrong-type", [""]),
        (b"{", "invalid-json", [""]),
        (b'{"all":true,"all":true}', "duplicate-names", ["/all"]),
    ],
)
async def test_bad_changes_are_told_where(control: Control, body: object, slug: str, pointers: list[str]) -> None:
    for path in ("read", "archive"):
        (await control.post(f"/v1/inbox/{path}", body)).problem(400, slug, *pointers)
    assert control.kafka.records == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1&limit=2",
        "unread=1",
        "cursor=zzz",
        "cursor=",
        "since=-1",
        "since=99999999999999999999999",
        "since=1&unread=true",
        "since=1&cursor=b1",
        "colour=red",
    ],
)
async def test_bad_parameters_are_named(control: Control, query: str) -> None:
    document = (await control.get(f"/v1/inbox?{query}")).problem(400, "bad-parameter")
    name = query.partition("=")[0]
    assert name in document["detail"] or name == "colour"


async def test_many_devices_at_once_are_all_told(control: Control) -> None:
    await fill(control, 20)
    names = [f"n{number}" for number in range(20)]
    replies = await asyncio.gather(*(control.post("/v1/inbox/read", {"ids": names}) for _ in range(8)))

    assert sum(each.document["changed"] for each in replies) == 20
    assert len(control.told()) == 8


async def test_the_database_away_is_a_503_that_says_when_to_come_again() -> None:
    async with running_control("postgresql://nobody@127.0.0.1:1/none") as control:
        reply = await control.get("/v1/inbox")
        reply.problem(503, "try-again")
        assert int(reply.headers["retry-after"]) > 0
