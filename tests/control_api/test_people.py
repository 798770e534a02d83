"""Who sees whom, who is there, and who is writing."""

import time

from storage.connection import Connection
from storage.presence import Change
from storage.redis.keys import connections
from tests.control_api.rig import Control, running_control, token

BOB = token("bob")


async def befriend(control: Control, *users: str) -> None:
    for user in users:
        assert (await control.put("/v1/interests/team/north", bearer=token(user))).status == 201


async def connect(control: Control, user: str, *, on: bool = True) -> None:
    place = connections("acme", user)
    opened = Connection("g1", "c1", "acme", user, time.time_ns() // 1_000_000)
    await control.parts.presence.renew("g1", 60)
    await control.parts.presence.write("g1", [Change(place, "c1", user, opened.entry() if on else None)])


async def test_who_is_there_and_who_was(control: Control) -> None:
    await befriend(control, "ann", "bob")
    assert (await control.get("/v1/people/bob")).document == {"user": "bob", "online": False, "last_seen": None}
    await connect(control, "bob")
    assert (await control.get("/v1/people/bob")).document == {"user": "bob", "online": True, "last_seen": None}
    await connect(control, "bob", on=False)
    gone = (await control.get("/v1/people/bob")).document
    assert (gone["online"], gone["last_seen"].endswith("Z")) == (False, True)


async def test_strangers_and_nobody_are_answered_alike(control: Control) -> None:
    """Somebody of another interest, of another tenant, and nobody at all."""
    await befriend(control, "ann")
    await control.put("/v1/interests/team/south", bearer=BOB)
    await control.put("/v1/interests/team/north", bearer=token("carol", tenant="other", fleets=[]))
    await connect(control, "bob")
    bodies = set()
    for user in ("bob", "carol", "nobody"):
        reply = await control.get(f"/v1/people/{user}")
        reply.problem(404, "no-such-person")
        bodies.add(reply.body)
        (await control.post(f"/v1/people/{user}/typing", {})).problem(404, "no-such-person")
    assert len(bodies) == 1
    assert control.kafka.records == []


async def test_who_unfollows_is_seen_no_more(control: Control) -> None:
    await befriend(control, "ann", "bob")
    assert (await control.get("/v1/people/bob")).status == 200
    await control.delete("/v1/interests/team/north")
    (await control.get("/v1/people/bob")).problem(404, "no-such-person")
    assert (await control.get("/v1/people/ann")).status == 200, "everybody sees himself"


async def test_typing_is_shown_on_the_others_channel(control: Control) -> None:
    await befriend(control, "ann", "bob")
    assert (await control.post("/v1/people/bob/typing", {"about": "order/acme/A-1"})).status == 204
    ((channel, payload),) = control.told()
    assert channel == "user:acme/bob"
    assert (payload["kind"], payload["user"], payload["about"]) == ("typing", "ann", "order/acme/A-1")
    assert payload["until"] > payload["time"]
    (await control.post("/v1/people/bob/typing", {"about": "a b"})).problem(400, "bad-text", "/about")
    (await control.post("/v1/people/bob/typing", {"text": "hi"})).problem(400, "unknown-field", "/text")


async def test_typing_has_a_rate_of_its_own(tables_url: str) -> None:
    async with running_control(tables_url, typing_rate=0.01, typing_burst=2) as control:
        await befriend(control, "ann", "bob")
        assert [(await control.post("/v1/people/bob/typing", {})).status for _ in range(2)] == [204, 204]
        (await control.post("/v1/people/bob/typing", {})).problem(429, "rate-exceeded")
        assert (await control.get("/v1/people/bob")).status == 200


async def test_redis_away(control: Control) -> None:
    control.parts.presence.away = True
    (await control.get("/v1/people/ann")).problem(503, "try-again")
