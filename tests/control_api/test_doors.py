"""Who is let in: users by their token, back ends by their credential, pages by their origin."""

import pytest

from domain.gateway_control import ControlKind, GatewayControl
from domain.instants import HOUR
from tests.access.signing import claims, signed
from tests.control_api.rig import Control, clock, running_control, token

ORIGIN = "https://app.example.com"


async def test_no_token(control: Control) -> None:
    reply = await control.get("/v1/inbox", bearer="")
    reply.problem(401, "token-missing")
    assert reply.headers["www-authenticate"].startswith("Bearer")
    basic = await control.get("/v1/inbox", bearer="", headers={"Authorization": "Basic YTpi"})
    basic.problem(401, "token-missing")


@pytest.mark.parametrize(
    "bearer", ["nonsense", "a.b.c", "x" * 8_000, signed(claims()) + "x", signed(claims(aud="else"))]
)
async def test_bad_tokens(control: Control, bearer: str) -> None:
    document = (await control.get("/v1/inbox", bearer=bearer)).problem(401, "token-bad")
    assert bearer not in document["detail"]


async def test_expired_tokens_and_tokens_without_a_user(control: Control) -> None:
    (await control.get("/v1/inbox", bearer=token(exp=1_000))).problem(401, "token-expired")
    (await control.get("/v1/inbox", bearer=signed(claims(sub=None)))).problem(401, "token-bad")


async def test_what_was_revoked_is_let_in_no_more(control: Control) -> None:
    assert (await control.get("/v1/inbox")).status == 200
    order = GatewayControl("o1", ControlKind.REVOKE_USER, "acme", clock(), "ann", issued_before=clock() + HOUR)
    assert control.parts.revocations.apply(order)

    (await control.get("/v1/inbox")).problem(401, "token-revoked")
    assert (await control.get("/v1/inbox", bearer=token("bob"))).status == 200
    one = GatewayControl("o2", ControlKind.REVOKE_TOKEN, "acme", clock(), token_id="t1")
    assert control.parts.revocations.apply(one)
    (await control.get("/v1/inbox", bearer=token("bob", jti="t1"))).problem(401, "token-revoked")


async def test_nobody_is_let_in_before_it_is_known_who_was_revoked(control: Control) -> None:
    control.parts.known = False
    (await control.get("/v1/inbox")).problem(503, "try-again")


async def test_a_users_rate(tables_url: str) -> None:
    async with running_control(tables_url, user_rate=0.01, user_burst=2) as control:
        assert [(await control.get("/v1/inbox/unread")).status for _ in range(2)] == [200, 200]
        reply = await control.get("/v1/inbox/unread")
        reply.problem(429, "rate-exceeded")
        assert int(reply.headers["retry-after"]) > 0
        assert (await control.get("/v1/inbox/unread", bearer=token("bob"))).status == 200


async def test_pages_of_allowed_origins_may_ask_and_read_errors(tables_url: str) -> None:
    async with running_control(tables_url, allowed_origins=[ORIGIN]) as control:
        asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
        preflight = await control.send("OPTIONS", "/v1/preferences", bearer="", headers=asking)
        assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (204, ORIGIN)
        assert "Authorization" in preflight.headers["access-control-allow-headers"]
        refused = await control.get("/v1/inbox", bearer="", headers={"Origin": ORIGIN})
        refused.problem(401, "token-missing")
        assert refused.headers["access-control-allow-origin"] == ORIGIN

        other = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
        foreign = await control.send("OPTIONS", "/v1/preferences", bearer="", headers=other)
        assert "access-control-allow-origin" not in foreign.headers
        assert "access-control-allow-origin" not in (await control.get("/v1/inbox", headers=other)).headers


@pytest.mark.parametrize(
    ("headers", "body", "status", "slug"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415, "unsupported-media-type"),
        ({"Content-Type": "application/json; charset=latin-1"}, b"{}", 415, "unsupported-media-type"),
        ({"Content-Encoding": "gzip"}, b"{}", 400, "bad-content-encoding"),
        ({}, b"\xff", 400, "invalid-utf8"),
        ({}, b"[" * 60_000, 400, "json-too-deep"),
        ({}, b" " * 70_000, 413, "body-too-large"),
        ({}, b'{"all":NaN}', 400, "non-finite-number"),
    ],
)
async def test_hostile_bodies(control: Control, headers: dict[str, str], body: bytes, status: int, slug: str) -> None:
    reply = await control.post("/v1/inbox/read", body, headers=headers)
    assert (reply.status, reply.document["type"]) == (status, f"/problems/{slug}")


async def test_paths_that_lead_nowhere(control: Control) -> None:
    (await control.get("/v1/nothing")).problem(404, "not-found")
    (await control.delete("/v1/inbox")).problem(405, "method-not-allowed")
