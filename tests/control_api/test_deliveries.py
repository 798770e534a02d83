"""Timelines and statistics for back ends, and the operators' page."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from access.minting import mint_backend, mint_device
from domain.instants import format_rfc3339
from storage.postgres.delivery_steps import DeliveryStepRow
from storage.postgres.told_users import LATELY
from tests.control_api.rig import Control, clock, token
from tests.storage.notices import store_notice


async def step(control: Control, name: str, user: str = "ann", **columns: Any) -> None:
    row = {
        "at": datetime.now(UTC),
        "id": f"{name}-{user}-{columns.get('client', '')}",
        "tenant": "acme",
        "user_id": user,
        "notification": "n1",
        "step": name,
        "attempt": 0,
        **columns,
    }
    async with control.engine.begin() as connection:
        await connection.execute(insert(DeliveryStepRow).values(row))


async def get(control: Control, path: str) -> tuple[int, dict[str, Any]]:
    reply = await control.get(path, bearer=control.parts.backend.text)
    return reply.status, reply.document


async def test_a_timeline_has_all_steps_in_their_order(control: Control) -> None:
    await store_notice(control.engine, "n1")
    await step(control, "sent", gateway="g1", client="c1", outcome="live")
    await step(control, "attempted", installation="p1", provider="fcm", platform="android", provider_id="m1", attempt=1)

    status, document = await get(control, "/v1/deliveries/n1?user=ann")

    assert status == 200
    (delivery,) = document["deliveries"]
    assert [each["step"] for each in delivery["steps"]] == ["accepted", "classified", "stored", "sent", "attempted"]
    assert (delivery["user"], delivery["type"], delivery["push_state"]) == ("ann", "order_status", "pending")
    assert (delivery["steps"][3]["client"], delivery["steps"][4]["provider_id"]) == ("c1", "m1")


async def test_without_a_user_it_shows_some_of_all_who_were_told(control: Control) -> None:
    for number in range(25):
        await store_notice(control.engine, "n1", f"user-{number:02}")
        for client in ("c1", "c2"):
            await step(control, "sent", f"user-{number:02}", client=client)

    _, document = await get(control, "/v1/deliveries/n1")

    assert document["more"] is True
    assert [each["user"] for each in document["deliveries"]] == [f"user-{number:02}" for number in range(20)]


async def test_without_a_user_it_shows_who_was_told_just_now_and_of_whom_no_step_is_known_yet(control: Control) -> None:
    now = datetime.now(UTC)
    await store_notice(control.engine, "n1", "bob")
    await store_notice(control.engine, "n1", "cid")
    await store_notice(control.engine, "n1", "eve", tenant="other")
    await store_notice(control.engine, "n1", "old", stored_at=now - timedelta(microseconds=LATELY, seconds=5))
    await step(control, "sent", "cid", client="c1")
    await store_notice(control.engine, "n2", "bob")

    status, document = await get(control, "/v1/deliveries/n1")

    assert status == 200
    found = {each["user"]: [one["step"] for one in each["steps"]] for each in document["deliveries"]}
    stored = ["accepted", "classified", "stored"]
    assert found == {"bob": stored, "cid": [*stored, "sent"]}, (
        "what is older is found by its steps, or by naming the user"
    )
    assert (await get(control, "/v1/deliveries/n1?user=old"))[0] == 200


async def test_statistics_by_kind_of_device(control: Control) -> None:
    told = {"installation": "p1", "platform": "ios", "model": "iPhone", "provider": "apns", "outcome": "sent"}
    for client in ("c1", "c2"):
        await step(control, "attempted", client=client, **told)
    _, document = await get(control, "/v1/deliveries/statistics")
    assert document["counts"] == [
        {"platform": "ios", "model": "iPhone", "provider": "apns", "step": "attempted", "outcome": "sent", "count": 2}
    ]
    later = format_rfc3339(clock() + 60_000_000)
    assert (await get(control, f"/v1/deliveries/statistics?from={later}"))[0] == 400


@pytest.mark.parametrize("query", ["from=yesterday", "from=2026-01-01T00:00:00Z", "to=2026-01-01T00:00:00", "user=ann"])
async def test_bad_ranges_are_named(control: Control, query: str) -> None:
    status, document = await get(control, f"/v1/deliveries/statistics?{query}")
    assert (status, document["type"]) == (400, "/problems/bad-parameter")


async def test_only_back_ends_of_the_whole_tenant_see_deliveries(control: Control) -> None:
    await store_notice(control.engine, "n1")
    path = "/v1/deliveries/n1?user=ann"
    now = clock()
    part = mint_backend(fleet="acme.eu", tenant=None, now=now)
    main = mint_backend(fleet="acme", tenant=None, now=now)
    other = mint_backend(fleet=None, tenant="other", now=now)
    device = mint_device(fleet="acme", device="d1", assets=["a1"], now=now)
    for each in (part, main, other, device):
        await control.parts.store.add(each.credential)

    (await control.get(path)).problem(401, "credential-unknown")
    (await control.get(path, bearer="")).problem(401, "credential-missing")
    (await control.get(path, bearer=device.text)).problem(403, "wrong-credential-kind")
    (await control.get(path, bearer=part.text)).problem(403, "fleet-not-allowed")
    (await control.get(path, bearer=other.text)).problem(404, "no-such-notification")
    assert (await control.get(path, bearer=main.text)).status == 200
    assert (await get(control, "/v1/deliveries/unknown"))[0] == 404
    (await control.get("/v1/inbox", bearer=main.text)).problem(401, "token-bad")


async def test_the_operators_page_loads_nothing_from_elsewhere(control: Control) -> None:
    page = await control.get("/operators", bearer="")
    assert page.status == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    text = page.body.decode()
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*src=)", text)
    for path in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert path.startswith("/operators/")
        found = await control.get(path, bearer="")
        assert (found.status, found.headers["content-security-policy"]) == (200, policy)
        assert b"innerHTML" not in found.body
    assert token() not in text
