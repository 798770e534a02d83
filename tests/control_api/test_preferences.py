"""How users want to be told: whole documents, checked, and in Redis as soon as they are answered."""

from typing import Any

import pytest

from storage.notices import Asked
from tests.control_api.rig import Control, clock, token

DEFAULTS = {"all": {"live": True, "push": True}, "types": {}, "quiet_hours": None}
WISHES = {
    "all": {"live": True, "push": True},
    "types": {"like": {"live": True, "push": False}},
    "quiet_hours": {"start": "22:00", "end": "07:30", "zone": "Europe/Berlin"},
}


async def test_what_was_never_set_has_its_default(control: Control) -> None:
    assert (await control.get("/v1/preferences")).document == DEFAULTS


async def test_what_is_set_counts_at_once_and_stays(control: Control) -> None:
    reply = await control.put("/v1/preferences", WISHES)
    assert (reply.status, reply.document) == (200, WISHES)
    assert (await control.get("/v1/preferences")).document == WISHES
    assert (await control.get("/v1/preferences", bearer=token("bob"))).document == DEFAULTS

    (answer,) = control.parts.cache.classify([Asked("acme", "ann", "n1", "s", "like")], clock())
    assert answer.preferences is not None
    assert '"zone":"Europe/Berlin"' in answer.preferences, "the dispatcher sees it"

    assert (await control.put("/v1/preferences", {})).document == DEFAULTS


async def test_redis_away_is_told_so_that_it_is_sent_again(control: Control) -> None:
    control.parts.cache.away = True
    (await control.put("/v1/preferences", WISHES)).problem(503, "try-again")
    control.parts.cache.away = False
    assert (await control.put("/v1/preferences", WISHES)).status == 200


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        ({"al": {}}, ""),
        ({"all": {"live": 1}}, "/all/live"),
        ({"all": {"loud": True}}, "/all"),
        ({"types": {"nonsense": {}}}, "/types/nonsense"),
        ({"types": {"a/b~c": {}}}, "/types/a~1b~0c"),
        ({"types": []}, "/types"),
        ({"quiet_hours": {"start": "22:00"}}, "/quiet_hours"),
        ({"quiet_hours": {"start": "25:00", "end": "07:00"}}, "/quiet_hours/start"),
        ({"quiet_hours": {"start": "22:00", "end": "7"}}, "/quiet_hours/end"),
        ({"quiet_hours": {"start": "22:00", "end": "22:00"}}, "/quiet_hours/end"),
        ({"quiet_hours": {"start": "22:00", "end": "07:00", "zone": "Mars/Olympus"}}, "/quiet_hours/zone"),
        ({"quiet_hours": {"start": "22:00", "end": "07:00", "zone": "../etc/passwd"}}, "/quiet_hours/zone"),
    ],
)
async def test_bad_preferences_are_told_where(control: Control, document: Any, pointer: str) -> None:
    (await control.put("/v1/preferences", document)).problem(400, "bad-preferences", pointer)
    assert (await control.get("/v1/preferences")).document == DEFAULTS


async def test_half_a_surrogate_pair(control: Control) -> None:
    reply = await control.put("/v1/preferences", b'{"types":{"\\ud800":{}}}')
    assert reply.status == 400
    assert reply.document["type"] == "/problems/bad-preferences"
