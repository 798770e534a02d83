"""FCM: every row of its table of answers over HTTP, and what a message looks like."""

import asyncio
import email.utils
import time
from typing import Any

import msgspec
import pytest

from devstack.fakes.faults import Answer, Then
from devstack.fakes.fcm import FCM
from devstack.fakes.serving import Fakes
from devstack.ports import free_port
from domain.instants import SECOND
from push_service.senders.payloads.fcm import fcm_body
from push_service.senders.sender import (
    Accepted,
    Ambiguous,
    Misconfigured,
    OurFault,
    Outcome,
    Scope,
    Sender,
    Temporary,
    Throttled,
    TooLarge,
    Unregistered,
)
from tests.senders.conftest import Senders
from tests.senders.pushes import content, now, push

ROWS: dict[str, Outcome | type[Outcome]] = {
    "UNREGISTERED": Unregistered("UNREGISTERED"),
    "NOT_FOUND": Misconfigured,
    "SENDER_ID_MISMATCH": Unregistered("SENDER_ID_MISMATCH", doubtful=True),
    "PERMISSION_DENIED": Misconfigured,
    "INVALID_TOKEN": Unregistered("INVALID_ARGUMENT", doubtful=True),
    "INVALID_FIELD": OurFault,
    "THIRD_PARTY_AUTH_ERROR": Misconfigured,
    "QUOTA_EXCEEDED": Throttled("QUOTA_EXCEEDED", 60.0, Scope.PROJECT),
    "DEVICE_QUOTA_EXCEEDED": Throttled("QUOTA_EXCEEDED", 60.0, Scope.DEVICE),
    "INTERNAL": Temporary("INTERNAL"),
    "UNAVAILABLE": Temporary("UNAVAILABLE"),
    "HTML_200": Misconfigured,
    "HTML_403": Misconfigured,
    "HTML_404": Misconfigured,
    "HTML_502": Temporary("http-502"),
}


@pytest.mark.parametrize(("answer", "expected"), ROWS.items(), ids=list(ROWS))
async def test_each_answer_is_the_outcome_of_its_row(
    fakes: Fakes, fcm: Sender, answer: str, expected: Outcome | type[Outcome]
) -> None:
    request = push()
    fakes.fcm.faults.plan(request.push_token, [Answer(name=answer)])

    outcome = await fcm.send(request)

    if isinstance(expected, type):
        assert isinstance(outcome, expected)
    else:
        assert outcome == expected
    assert fakes.phones.known(FCM, request.push_token) is None


async def test_a_message_is_shown_and_named(fakes: Fakes, fcm: Sender) -> None:
    request = push()

    outcome = await fcm.send(request)

    assert isinstance(outcome, Accepted)
    assert (outcome.provider_id or "").startswith("projects/")
    (shown,) = fakes.phones.phone(FCM, request.push_token).shown.values()
    assert (shown.id, shown.name, shown.title) == (request.id, request.id, "Order A-1001")


async def test_only_some_of_the_misconfigurations_stop_the_channel(fakes: Fakes, fcm: Sender) -> None:
    fakes.fcm.faults.plan(None, [Answer(name="THIRD_PARTY_AUTH_ERROR"), Answer(name="PERMISSION_DENIED")])

    third, denied = await fcm.send(push()), await fcm.send(push())

    assert isinstance(third, Misconfigured)
    assert isinstance(denied, Misconfigured)
    assert (third.stops, denied.stops) == (False, True)


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("answer", ["QUOTA_EXCEEDED", "UNAVAILABLE"])
async def test_retry_after_is_understood_in_both_forms(fakes: Fakes, fcm: Sender, answer: str, form: str) -> None:
    value = "120" if form == "seconds" else email.utils.formatdate(time.time() + 120, usegmt=True)
    fakes.fcm.faults.plan(None, [Answer(name=answer, headers={"Retry-After": value})])

    outcome = await fcm.send(push())

    assert isinstance(outcome, Throttled | Temporary)
    assert outcome.retry_after == pytest.approx(120, abs=3)


async def test_a_refused_access_token_is_renewed_once(fakes: Fakes, fcm: Sender) -> None:
    assert isinstance(await fcm.send(push()), Accepted)
    fakes.fcm.revoke(revoked=False)  # all access tokens are worthless now, and new ones are to be had

    answers = await asyncio.gather(*(fcm.send(push()) for _ in range(20)))

    assert all(isinstance(answer, Accepted) for answer in answers)
    assert fakes.fcm.tokens_given == 2


async def test_refused_again_with_a_new_access_token_it_is_a_misconfiguration(fakes: Fakes, fcm: Sender) -> None:
    fakes.fcm.faults.always(None, Answer(name="UNAUTHENTICATED"))

    outcome = await fcm.send(push())

    assert isinstance(outcome, Misconfigured)
    assert fakes.fcm.requests == 2


async def test_revoked_credentials_are_a_misconfiguration(fakes: Fakes, fcm: Sender) -> None:
    fakes.fcm.revoke(revoked=True)

    outcome = await fcm.send(push())

    assert isinstance(outcome, Misconfigured)
    assert outcome.reason == "credentials-refused"
    assert "PRIVATE" not in outcome.detail


@pytest.mark.parametrize("page", ["HTML_200", "HTML_403"])
async def test_a_proxy_in_place_of_the_token_service_is_a_misconfiguration(
    fakes: Fakes, fcm: Sender, page: str
) -> None:
    fakes.fcm.oauth.plan(None, [Answer(name=page)])

    assert isinstance(await fcm.send(push()), Misconfigured)


async def test_a_wrong_project_is_a_misconfiguration(senders: Senders) -> None:
    wrong = await senders.open("fcm", FLEETCAST_FCM_PROJECT="another-project")

    assert isinstance(await wrong.send(push()), Misconfigured)


async def test_a_broken_connection_is_ambiguous(fakes: Fakes, fcm: Sender) -> None:
    request = push()
    fakes.fcm.faults.plan(None, [Answer(accept=True, then=Then.RESET)])

    assert isinstance(await fcm.send(request), Ambiguous)
    assert isinstance(await fcm.send(request), Accepted)
    (shown,) = fakes.phones.phone(FCM, request.push_token).shown.values()
    assert shown.replaced == 1


async def test_a_server_that_cannot_be_reached_was_sent_nothing(senders: Senders) -> None:
    away = await senders.open("fcm", FLEETCAST_FCM_URL=f"http://127.0.0.1:{free_port()}")

    assert await away.send(push()) == Temporary("cannot-connect")


async def test_a_message_that_cannot_be_shrunk_is_not_sent(fakes: Fakes, fcm: Sender) -> None:
    outcome = await fcm.send(push(told=content(about="x" * 5_000)))

    assert isinstance(outcome, TooLarge)
    assert fakes.fcm.requests == 0


def message_of(**changes: Any) -> dict[str, Any]:
    request = push(**changes)
    message: dict[str, Any] = msgspec.json.decode(fcm_body(request, now()))["message"]
    assert message.pop("token") == request.push_token
    return message


def test_an_android_message_always_has_a_tag_and_a_collapse_key_only_of_its_own() -> None:
    plain = message_of(id="n-1")["android"]
    collapsed = message_of(told=content(collapse_key="position"))["android"]
    matched = message_of(told=content(match_key="order/A-1", match_version=3))["android"]

    assert (plain["notification"]["tag"], "collapse_key" in plain) == ("n-1", False)
    assert (collapsed["notification"]["tag"], collapsed["collapse_key"]) == ("c.position", "c.position")
    assert (matched["notification"]["tag"], "collapse_key" in matched) == ("m.order/A-1", False)


def test_priority_and_time_to_live_are_mapped() -> None:
    urgent = message_of(told=content(expires_at=now() + 90 * SECOND))["android"]
    calm = message_of(told=content(priority="normal", expires_at=now() + 60 * 86_400 * SECOND))["android"]

    assert urgent["priority"] == "HIGH"
    assert urgent["ttl"] in ("89s", "90s")
    assert (calm["priority"], calm["ttl"]) == ("NORMAL", f"{28 * 86_400}s")


def test_all_data_are_strings_and_name_the_notification() -> None:
    data = message_of(id="n-1", told=content(data=b'{"order":{"n":1}}', about="acme/order/A-1"))["data"]

    assert data == {"id": "n-1", "type": "order_status", "about": "acme/order/A-1", "data": '{"order":{"n":1}}'}


async def test_what_is_too_long_is_shrunk_in_order_and_taken(fakes: Fakes, fcm: Sender) -> None:
    """First the app's data goes, then the body is cut, then the title; of many-byte letters too."""
    long_data = push(told=content(data=b'{"a":"' + b"x" * 5_000 + b'"}'))
    long_body = push(told=content(data=b'{"a":1}', body="\N{EURO SIGN}\x01" * 4_000))
    long_title = push(told=content(title="\N{PILE OF POO}" * 4_000, body="some"))

    for request in (long_data, long_body, long_title):
        assert isinstance(await fcm.send(request), Accepted)
    message = msgspec.json.decode(fcm_body(long_data, now()))["message"]
    assert message["notification"]["body"] == "is loaded"
    assert message["data"] == {"id": long_data.id, "type": "order_status", "shortened": "1"}
    message = msgspec.json.decode(fcm_body(long_body, now()))["message"]
    assert message["notification"]["title"] == "Order A-1001"
    assert message["notification"]["body"].endswith("\N{HORIZONTAL ELLIPSIS}")
    assert len(fcm_body(long_body, now())) > 4_000
    message = msgspec.json.decode(fcm_body(long_title, now()))["message"]
    assert message["notification"]["body"] == "\N{HORIZONTAL ELLIPSIS}"
