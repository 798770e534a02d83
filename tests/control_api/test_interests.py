"""What users follow, and who may follow what."""

from typing import Any

import pytest

from tests.control_api.rig import Control, running_control, token


def all_orders(permission: str) -> dict[str, object]:
    return {"channels": ["order:acme/*"], "match": "wildcard", "allow": [permission]}


async def test_follow_and_unfollow(control: Control) -> None:
    made = await control.put("/v1/interests/order/acme/A-1001")
    again = await control.put("/v1/interests/order/acme/A-1001")
    assert (made.status, again.status, made.document) == (201, 200, again.document)
    assert (await control.get("/v1/interests/order/acme/A-1001")).document == made.document

    assert (await control.delete("/v1/interests/order/acme/A-1001")).status == 204
    assert (await control.delete("/v1/interests/order/acme/A-1001")).status == 204
    (await control.get("/v1/interests/order/acme/A-1001")).problem(404, "not-followed")


async def test_the_list_comes_in_pages(control: Control) -> None:
    for name in ("news", "asset/acme/truck-7", "order/acme/A-1"):
        await control.put(f"/v1/interests/{name}")
    first = (await control.get("/v1/interests?limit=2")).document
    second = (await control.get(f"/v1/interests?limit=2&after={first['next']}")).document
    names = [each["interest"] for each in (*first["items"], *second["items"])]
    assert (names, second["next"]) == (["asset/acme/truck-7", "news", "order/acme/A-1"], None)


@pytest.mark.parametrize(
    ("interest", "claims", "status"),
    [
        ("order/acme/A-1", {}, 201),
        ("asset/acme.eu/truck-7", {"fleets": ["acme.eu"]}, 201),
        ("asset/acme.eu/truck-7", {}, 403),
        ("order/other/A-1", {}, 403),
        ("order/acme/A-1", {"fleets": []}, 403),
        ("order/acme/A-1", {"fleets": [], "channels": ["order:acme/A-1"]}, 201),
        ("order/acme/A-2", {"fleets": [], "channels": ["order:acme/A-1"]}, 403),
        ("order/acme/A-2", {"fleets": [], "caps": [all_orders("sub")]}, 201),
        ("order/acme/A-2", {"caps": [all_orders("hst")]}, 403),
        ("news", {"fleets": []}, 201),
        ("team/night-shift", {"fleets": []}, 201),
    ],
)
async def test_who_may_follow_what(control: Control, interest: str, claims: dict[str, Any], status: int) -> None:
    reply = await control.put(f"/v1/interests/{interest}", bearer=token(**claims))
    if status == 403:
        reply.problem(403, "interest-not-allowed")
    else:
        assert reply.status == status, reply.body


@pytest.mark.parametrize("interest", ["order/acme", "order", "asset/acme/a/b", "order//A-1"])
async def test_names_that_only_look_like_orders(control: Control, interest: str) -> None:
    (await control.put(f"/v1/interests/{interest}")).problem(400, "bad-interest-name")


@pytest.mark.parametrize("interest", ["a%20b", "x" * 251, "a%00", "%C3%A4", "a|b", "a:b"])
async def test_bad_names(control: Control, interest: str) -> None:
    for method in ("PUT", "GET", "DELETE"):
        (await control.send(method, f"/v1/interests/{interest}")).problem(400, "bad-parameter")


async def test_a_user_follows_so_much(tables_url: str) -> None:
    async with running_control(tables_url, interests=2) as control:
        assert [(await control.put(f"/v1/interests/i{number}")).status for number in range(2)] == [201, 201]
        (await control.put("/v1/interests/i2")).problem(409, "too-many-interests")
        assert (await control.put("/v1/interests/i0")).status == 200
        assert (await control.put("/v1/interests/i2", bearer=token("bob"))).status == 201
