"""APNs: every row of its table of answers over HTTP/2 and TLS, and what aioapns leaves open."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from devstack.fakes.apns import APNS
from devstack.fakes.faults import Answer, Then
from devstack.fakes.serving import Fakes
from devstack.ports import free_port
from domain.installation import ApnsEnvironment
from domain.instants import MINUTE, SECOND
from push_service.senders.apns_token import ProviderToken
from push_service.senders.payloads.apns import apns_message, as_written
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

GONE_AT = now() // 1000 - 5_000
"""Milliseconds."""
GONE = {"timestamp": str(GONE_AT)}
OUR_BUGS = ("DeviceTokenNotForTopic", "BadTopic", "MissingTopic", "PayloadEmpty", "BadCollapseId", "BadPriority")
ROWS: dict[str, Outcome | type[Outcome]] = {
    "Unregistered": Unregistered("Unregistered", GONE_AT * 1000),
    "ExpiredToken": Unregistered("ExpiredToken", GONE_AT * 1000),
    "BadDeviceToken": Unregistered("BadDeviceToken", doubtful=True),
    **dict.fromkeys(OUR_BUGS, OurFault),
    "BadEnvironmentKeyInToken": OurFault,
    "MethodNotAllowed": OurFault,
    "BadPath": OurFault,
    "ExpiredProviderToken": Misconfigured,
    "InvalidProviderToken": Misconfigured,
    "MissingProviderToken": Misconfigured,
    "Forbidden": Misconfigured,
    "PayloadTooLarge": TooLarge,
    "TooManyRequests": Throttled("TooManyRequests", 60.0, Scope.DEVICE),
    "TooManyProviderTokenUpdates": Temporary("TooManyProviderTokenUpdates"),
    "InternalServerError": Temporary("InternalServerError"),
    "ServiceUnavailable": Temporary("ServiceUnavailable"),
    "Shutdown": Temporary("Shutdown"),
}


@pytest.mark.parametrize(("reason", "expected"), ROWS.items(), ids=list(ROWS))
async def test_each_answer_is_the_outcome_of_its_row(
    fakes: Fakes, apns: Sender, reason: str, expected: Outcome | type[Outcome]
) -> None:
    request = push("apns")
    fakes.apns.faults.plan(request.push_token, [Answer(name=reason, headers=GONE)])

    outcome = await apns.send(request)

    if isinstance(expected, type):
        assert isinstance(outcome, expected)
    else:
        assert outcome == expected
    assert fakes.phones.known(APNS, request.push_token) is None


async def test_a_notification_is_shown_under_its_collapse_id(fakes: Fakes, apns: Sender) -> None:
    request = push("apns")

    outcome = await apns.send(request)

    assert isinstance(outcome, Accepted)
    assert outcome.provider_id
    (shown,) = fakes.phones.phone(APNS, request.push_token).shown.values()
    assert (shown.id, shown.name, shown.title, shown.body) == (request.id, request.id, "Order A-1001", "is loaded")


async def test_an_error_without_a_body_is_an_answer_too(fakes: Fakes, apns: Sender) -> None:
    """aioapns itself waits for ever."""
    fakes.apns.faults.plan(None, [Answer(status=503), Answer(status=400)])

    async with asyncio.timeout(5):
        assert await apns.send(push("apns")) == Temporary("http-503")
        assert isinstance(await apns.send(push("apns")), Misconfigured)


async def test_more_answers_than_the_receive_window_holds_all_come(fakes: Fakes, apns: Sender) -> None:
    """aioapns itself never opens its window again: after 64 KiB of bodies it hears nothing."""
    fakes.apns.faults.always(None, Answer(status=400, body=json.dumps({"reason": "BadTopic", "more": "x" * 3_000})))

    async with asyncio.timeout(20):
        for _ in range(15):
            answers = await asyncio.gather(*(apns.send(push("apns")) for _ in range(8)))
            assert all(isinstance(answer, OurFault) for answer in answers)


async def test_more_calls_at_once_than_the_send_window_holds_all_go_out(fakes: Fakes, apns: Sender) -> None:
    big = content(body="x" * 3_500)

    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(apns.send(push("apns", told=big)) for _ in range(200)))

    assert all(isinstance(answer, Accepted) for answer in answers)
    assert fakes.apns.connections == 1


@pytest.mark.parametrize("then", [Then.RESET, Then.GOAWAY])
async def test_a_connection_that_ends_leaves_ambiguity_and_the_next_call_a_new_one(
    fakes: Fakes, apns: Sender, then: Then
) -> None:
    request = push("apns")
    fakes.apns.faults.plan(request.push_token, [Answer(accept=True, then=then)])

    assert isinstance(await apns.send(request), Ambiguous)
    assert isinstance(await apns.send(request), Accepted)

    assert fakes.apns.connections == 2
    (shown,) = fakes.phones.phone(APNS, request.push_token).shown.values()
    assert shown.replaced == 1


async def test_a_call_given_up_hurts_no_other(fakes: Fakes, apns: Sender) -> None:
    """Its answer, when it comes at last, breaks nothing; what else is under way on the connection ends well."""
    slow, late = push("apns"), push("apns")
    fakes.apns.faults.plan(slow.push_token, [Answer(delay=0.5)])
    fakes.apns.faults.plan(late.push_token, [Answer(delay=1.0)])
    going = asyncio.create_task(apns.send(late))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await apns.send(slow)

    assert isinstance(await apns.send(push("apns")), Accepted)
    assert isinstance(await going, Accepted)


async def test_server_errors_are_followed_by_a_new_connection(fakes: Fakes, apns: Sender) -> None:
    fakes.apns.faults.plan(None, [Answer(name="InternalServerError")])

    await apns.send(push("apns"))
    await apns.send(push("apns"))

    assert fakes.apns.connections == 2


async def test_an_unknown_environment_is_found_out_once(fakes: Fakes, apns: Sender) -> None:
    request = push("apns", environment=None)
    fakes.phones.label(APNS, request.push_token, "under development", "sandbox")

    outcome = await apns.send(request)

    assert isinstance(outcome, Accepted)
    assert outcome.environment is ApnsEnvironment.SANDBOX
    assert fakes.apns.requests == 2


async def test_a_known_environment_is_not_left_and_neither_knowing_the_token_it_is_bad(
    fakes: Fakes, apns: Sender
) -> None:
    known, nowhere = push("apns"), push("apns", environment=None)
    fakes.phones.label(APNS, known.push_token, "", "sandbox")
    fakes.phones.label(APNS, nowhere.push_token, "", "neither")

    assert await apns.send(known) == Unregistered("BadDeviceToken", doubtful=True)
    assert fakes.apns.requests == 1
    assert await apns.send(nowhere) == Unregistered("BadDeviceToken", doubtful=True)
    assert fakes.apns.requests == 3


async def test_all_connections_show_one_provider_token(fakes: Fakes, senders: Senders) -> None:
    apns = await senders.open("apns")
    for _ in range(3):
        fakes.apns.faults.plan(None, [Answer(name="InternalServerError")])
        await apns.send(push("apns", environment=None))
        await apns.send(push("apns", environment="sandbox"))

    assert fakes.apns.connections > 2
    assert len(fakes.apns.tokens) == 1


async def test_retry_after_is_understood(fakes: Fakes, apns: Sender) -> None:
    fakes.apns.faults.plan(None, [Answer(name="ServiceUnavailable", headers={"retry-after": "77"})])

    assert await apns.send(push("apns")) == Temporary("ServiceUnavailable", 77.0)


async def test_a_revoked_key_is_a_misconfiguration(fakes: Fakes, apns: Sender) -> None:
    fakes.apns.revoke(revoked=True)

    outcome = await apns.send(push("apns"))

    assert isinstance(outcome, Misconfigured)
    assert outcome.reason == "InvalidProviderToken"


async def test_a_server_that_is_not_apple_is_sent_nothing(
    fakes: Fakes, senders: Senders, environ: dict[str, str]
) -> None:
    """Neither one with a certificate that nobody trusts, nor one that is not there, nor one without TLS."""
    del environ["FLEETCAST_APNS_CA_FILE"]
    untrusted = await senders.open("apns")
    away = await senders.open("apns", FLEETCAST_APNS_PRODUCTION=f"127.0.0.1:{free_port()}")
    plain = await senders.open("apns", FLEETCAST_APNS_PRODUCTION=f"127.0.0.1:{fakes.ports.fcm}")

    assert isinstance(await untrusted.send(push("apns")), Misconfigured)
    assert await away.send(push("apns")) == Temporary("cannot-connect")
    assert isinstance(await plain.send(push("apns")), Misconfigured)
    assert fakes.apns.requests == 0


async def test_a_notification_that_cannot_be_shrunk_is_not_sent(fakes: Fakes, apns: Sender) -> None:
    assert isinstance(await apns.send(push("apns", told=content(about="x" * 5_000))), TooLarge)
    assert fakes.apns.requests == 0


async def test_what_is_too_long_is_shrunk_and_taken(fakes: Fakes, apns: Sender) -> None:
    request = push("apns", told=content(body="\N{EURO SIGN}\x01" * 4_000, data=b'{"a":1}'))

    assert isinstance(await apns.send(request), Accepted)
    message = apns_message(request)
    assert 4_000 < len(as_written(message)) <= 4_096
    assert message["shortened"] is True
    assert "data" not in message


def test_a_message_carries_the_id_the_type_and_the_apps_data() -> None:
    told = content(data=b'{"order":{"n":1}}', priority="normal", about="acme/order/A-1")

    assert apns_message(push("apns", id="n-1", told=told)) == {
        "aps": {"alert": {"title": "Order A-1001", "body": "is loaded"}},
        "id": "n-1",
        "type": "order_status",
        "about": "acme/order/A-1",
        "data": {"order": {"n": 1}},
    }


async def test_headers_say_how_long_and_how_urgent(fakes: Fakes, apns: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []
    judge = fakes.apns.judge

    def spy(environment: str, headers: dict[str, str], body: bytes) -> Answer:
        seen.append(headers)
        return judge(environment, headers, body)

    monkeypatch.setattr(fakes.apns, "judge", spy)
    urgent = content(expires_at=now() + 90 * SECOND, match_key="order/A-1", match_version=1)
    await apns.send(push("apns", told=urgent))
    await apns.send(push("apns", told=content(priority="normal", collapse_key="k" * 100)))

    first, second = seen
    assert int(first["apns-expiration"]) == pytest.approx(time.time() + 90, abs=3)
    assert (first["apns-priority"], first["apns-collapse-id"]) == ("10", "m.order/A-1")
    assert (second["apns-priority"], len(second["apns-collapse-id"])) == ("5", 43)
    assert first["apns-push-type"] == "alert"
    assert first["apns-topic"] == "example.fleetcast.driver"


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def token(clock: Clock, environ: dict[str, str]) -> ProviderToken:
    return ProviderToken(Path(environ["FLEETCAST_APNS_KEY_FILE"]).read_text(), "DEMOKEY001", "FLEETCAST1", clock)


def test_the_provider_token_is_renewed_between_20_and_60_minutes(token: ProviderToken, clock: Clock) -> None:
    made, ages = token.get_header(), []
    began = clock.now
    for _ in range(300):
        clock.now += 60
        if token.get_header() != made:
            made = token.get_header()
            ages.append(clock.now - began)
            began = clock.now

    assert ages
    assert all(20 * 60 <= age <= 60 * 60 for age in ages)


def test_an_expired_provider_token_is_replaced_only_when_it_is_over_20_minutes_old(
    token: ProviderToken, clock: Clock
) -> None:
    first = token.get_header()

    assert not token.expired(first)
    clock.now += 21 * 60
    assert token.expired(first)
    second = token.get_header()
    assert second != first
    assert token.expired(first)  # somebody else has replaced it meanwhile
    assert token.get_header() == second


def test_too_many_provider_tokens_bring_back_the_one_before(token: ProviderToken, clock: Clock) -> None:
    first = token.get_header()
    clock.now += 41 * 60
    assert token.get_header() != first

    token.too_many()

    assert token.get_header() == first
    clock.now += 2 * MINUTE / SECOND
    assert token.get_header() == first
