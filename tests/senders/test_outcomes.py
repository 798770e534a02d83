"""What follows from each row of the tables: the record, the push token, the receipts, the alarms."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from backbone.headers import CE_TYPE, TRACEPARENT
from backbone.record import OutRecord, header
from backbone.topics import PUSH_RECEIPTS
from devstack.fakes.faults import Answer, Faults, Then
from devstack.fakes.serving import Fakes
from domain.instants import MINUTE, SECOND
from domain.push_state import PushState
from push_service.senders.sender import Outcome, Sender, TokenMoved
from push_service.senders.work import ATTEMPT
from tests.senders.pushes import content, now, push
from tests.senders.world import World


class Row(NamedTuple):
    """What is to become of a push, by what its provider answers."""

    provider: str
    answer: str
    end: str
    """dead: the push token is deactivated. buried: a dead letter. a delay: tried again after it. held: it waits."""
    alarm: bool = False


ROWS = [
    Row("fcm", "UNREGISTERED", "dead"),
    Row("fcm", "NOT_FOUND", "held", alarm=True),
    Row("fcm", "SENDER_ID_MISMATCH", "dead"),
    Row("fcm", "PERMISSION_DENIED", "held", alarm=True),
    Row("fcm", "INVALID_TOKEN", "dead"),
    Row("fcm", "INVALID_FIELD", "buried", alarm=True),
    Row("fcm", "UNAUTHENTICATED", "held", alarm=True),
    Row("fcm", "THIRD_PARTY_AUTH_ERROR", "10s", alarm=True),
    Row("fcm", "QUOTA_EXCEEDED", "held"),
    Row("fcm", "DEVICE_QUOTA_EXCEEDED", "1m"),
    Row("fcm", "INTERNAL", "10s"),
    Row("fcm", "UNAVAILABLE", "10s"),
    Row("apns", "Unregistered", "dead"),
    Row("apns", "ExpiredToken", "dead"),
    Row("apns", "BadDeviceToken", "dead"),
    *(Row("apns", each, "buried", alarm=True) for each in ("DeviceTokenNotForTopic", "BadTopic", "MissingTopic")),
    *(Row("apns", each, "buried", alarm=True) for each in ("PayloadEmpty", "BadCollapseId")),
    Row("apns", "BadEnvironmentKeyInToken", "buried", alarm=True),
    Row("apns", "ExpiredProviderToken", "held", alarm=True),
    Row("apns", "InvalidProviderToken", "held", alarm=True),
    Row("apns", "Forbidden", "held", alarm=True),
    Row("apns", "PayloadTooLarge", "buried"),
    Row("apns", "TooManyRequests", "1m"),
    Row("apns", "TooManyProviderTokenUpdates", "10s"),
    Row("apns", "InternalServerError", "10s"),
    Row("apns", "ServiceUnavailable", "10s"),
]


@pytest.fixture
def worlds(fcm: Sender, apns: Sender) -> Callable[..., World]:
    return lambda provider, **settings: World(provider, {"fcm": fcm, "apns": apns}[provider], **settings)


def faults_of(fakes: Fakes, provider: str) -> Faults:
    return fakes.fcm.faults if provider == "fcm" else fakes.apns.faults


def plan(fakes: Fakes, provider: str, token: str | None, *answers: Answer) -> None:
    faults_of(fakes, provider).plan(token, list(answers))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.provider}-{row.answer}")
async def test_each_row_has_its_consequences(fakes: Fakes, worlds: Callable[..., World], row: Row) -> None:
    world = worlds(row.provider, pause_seconds=30.0)
    good = world.queue()
    await world.drained()
    bad = world.queue()
    plan(fakes, row.provider, bad.push_token, *([Answer(name=row.answer)] * 2))

    done = await world.drain()

    assert world.state(good) is PushState.SENT
    assert world.active(bad) == (row.end != "dead")
    assert done == (row.end != "held")
    assert bool(world.alarms.on) == row.alarm
    assert len(world.letters()) == (row.end == "buried")
    assert list(world.retries()) == ([row.end] if row.end in ("10s", "1m", "10m", "1h") else [])
    assert world.state(bad) is (PushState.FAILED if row.end in ("dead", "buried") else PushState.SENDING)
    assert world.steps(bad)[0][0] == "attempted"
    if row.end in ("dead", "buried"):
        assert [step for step, _ in world.steps(bad)] == ["attempted", "failed"]
    assert world.health.ready() == (not row.alarm or row.end == "buried")


async def test_what_was_accepted_is_told_with_the_providers_name_for_it(world: World) -> None:
    request = world.queue()

    await world.drained()

    (receipt,) = world.receipts(request)
    assert (receipt.step, receipt.outcome) == ("attempted", "accepted")
    assert (receipt.provider_id or "").startswith("projects/")
    assert (receipt.platform, receipt.model, receipt.app_version) == ("android", "Pixel 9", "1.2.3")
    assert world.state(request) is PushState.SENT


async def test_a_receipt_names_its_step_and_what_led_to_it(world: World) -> None:
    led_by = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    request = push(provider=world.provider)
    world.store(request)
    world.append(request, [(TRACEPARENT, led_by)])

    await world.drained()

    (record,) = world.cluster.records(PUSH_RECEIPTS.name)
    assert header(record.headers, CE_TYPE) == b"fleetcast.receipt.attempted"
    assert header(record.headers, TRACEPARENT) == led_by


@pytest.fixture
async def world(worlds: Callable[..., World]) -> World:
    return worlds("fcm")


async def test_what_was_acknowledged_before_is_not_sent(fakes: Fakes, world: World) -> None:
    acked, other = world.queue(), world.queue()
    world.ack(acked)

    await world.drained()

    assert world.steps(acked) == [("cancelled", "acked")]
    assert world.state(other) is PushState.SENT
    assert fakes.fcm.requests == 1


async def test_what_there_is_not_any_more_is_not_sent(fakes: Fakes, world: World) -> None:
    request = push()
    world.append(request)

    await world.drained()

    assert world.steps(request) == [("cancelled", "gone")]
    assert fakes.fcm.requests == 0


async def test_what_has_expired_is_told_as_expired(fakes: Fakes, world: World) -> None:
    request = world.queue(told=content(expires_at=now() - SECOND))

    await world.drained()

    assert world.steps(request) == [("expired", None)]
    assert world.state(request) is PushState.EXPIRED
    assert fakes.fcm.requests == 0


async def test_a_retry_waits_keeps_its_bytes_and_is_counted(fakes: Fakes, world: World) -> None:
    request = world.queue()
    plan(fakes, "fcm", request.push_token, Answer(name="INTERNAL"), Answer(name="INTERNAL"))

    await world.drained()
    ((delay, (first,)),) = world.retries().items()
    assert delay == "10s"
    assert first.value == world.cluster.records(world.outbox)[0].value
    assert header(first.headers, ATTEMPT) == b"1"
    assert fakes.fcm.requests == 1
    world.later(12.1)
    await world.drained()
    world.later(72.1)
    await world.drained()

    assert list(world.retries()) == ["10s", "1m"]
    assert world.steps(request) == [
        ("attempted", "temporary"),
        ("retried", "INTERNAL"),
        ("attempted", "temporary"),
        ("retried", "INTERNAL"),
        ("attempted", "accepted"),
    ]
    assert [each.attempt for each in world.receipts(request)] == [0, 0, 1, 1, 2]
    assert world.state(request) is PushState.SENT


async def test_retries_end_with_the_time_to_live(fakes: Fakes, world: World) -> None:
    """A shorter delay is taken than would be its turn, as long as one fits."""
    request = world.queue(told=content(expires_at=now() + MINUTE))
    fakes.fcm.faults.always(request.push_token, Answer(name="INTERNAL"))

    for _ in range(10):
        await world.drained()
        world.later(12.1)

    steps = [step for step, _ in world.steps(request)]
    assert steps[-1] == "expired"
    assert 3 <= steps.count("attempted") <= 5
    assert set(world.retries()) == {"10s"}
    assert world.state(request) is PushState.EXPIRED


async def test_a_retry_is_not_made_after_an_acknowledgement(fakes: Fakes, world: World) -> None:
    request = world.queue()
    plan(fakes, "fcm", request.push_token, Answer(name="INTERNAL"))
    await world.drained()

    world.ack(request)
    world.later(13)
    await world.drained()

    assert world.steps(request)[-1] == ("cancelled", "acked")
    assert fakes.fcm.requests == 1


async def test_the_least_that_the_provider_asks_for_is_waited(fakes: Fakes, world: World) -> None:
    request = world.queue()
    plan(fakes, "fcm", request.push_token, Answer(name="UNAVAILABLE", headers={"Retry-After": "300"}))

    await world.drained()

    assert list(world.retries()) == ["10m"]


async def test_taken_and_then_silent_it_is_seen_once(fakes: Fakes, fcm: Sender) -> None:
    world = World("fcm", fcm, send_seconds=0.3)
    request = world.queue()
    plan(fakes, "fcm", request.push_token, Answer(accept=True, then=Then.SILENCE))

    await world.drained()
    world.later(13)
    await world.drained()

    phone = fakes.phones.phone("fcm", request.push_token)
    assert phone.arrived[request.id].count == 2
    assert len(phone.shown) == 1
    assert world.steps(request) == [
        ("attempted", "ambiguous"),
        ("retried", "timeout"),
        ("attempted", "accepted"),
    ]


async def test_a_correction_replaces_what_a_phone_shows(fakes: Fakes, world: World) -> None:
    first = world.queue(told=content(match_key="order/A-1", match_version=1))
    later = world.queue(
        told=content(match_key="order/A-1", match_version=2, body="is delivered"),
        user=first.user,
        installation=first.installation,  # whose pushes follow each other
        push_token=first.push_token,
    )

    await world.drained()

    (shown,) = fakes.phones.phone("fcm", first.push_token).shown.values()
    assert (shown.id, shown.body) == (later.id, "is delivered")


class Moving:
    """A provider that has given every phone a new push token."""

    async def send(self, request: object) -> Outcome:
        return TokenMoved("the-new-one", "p-1")

    async def close(self) -> None:
        pass


async def test_a_moved_token_is_replaced() -> None:
    world = World("fcm", Moving())
    request = world.queue()

    await world.drained()

    ((_, installation),) = world.targets.of_installations([(request.tenant, request.installation)]).items()
    assert installation.push_token == "the-new-one"
    assert world.state(request) is PushState.SENT


class Broken:
    """A sender with a bug."""

    async def send(self, request: object) -> Outcome:
        raise RuntimeError("never thought of")

    async def close(self) -> None:
        pass


async def test_a_sender_with_a_bug_buries_and_alarms_and_does_not_end_the_process() -> None:
    world = World("fcm", Broken())
    request = world.queue()

    await world.drained()

    assert world.state(request) is PushState.FAILED
    assert world.alarms.on == ["sender-failed"]
    assert len(world.letters()) == 1


async def test_what_is_no_push_request_is_buried_and_the_rest_goes_on(world: World) -> None:
    world.cluster.append(OutRecord(world.outbox, b"acme/x", b"nonsense"))
    world.append(msgspec.structs.replace(push(), provider="sns"))
    world.append(msgspec.structs.replace(push(), user="a\0b"))  # PostgreSQL's text has no NUL
    request = world.queue()

    await world.drained()

    assert world.state(request) is PushState.SENT
    assert {header(each.headers, "dlq-reason") for each in world.letters()} == {
        b"wrong_magic",
        b"wrong-provider",
        b"bad-id",
    }


async def test_the_environment_of_an_apple_token_is_learned(fakes: Fakes, worlds: Callable[..., World]) -> None:
    world = worlds("apns")
    request = world.queue(environment=None)
    fakes.phones.label("apns", request.push_token, "", "sandbox")

    await world.drained()

    (installation,) = world.targets.of_installations([(request.tenant, request.installation)]).values()
    assert installation.environment == "sandbox"


async def test_more_for_one_phone_than_is_good_for_it_waits(fakes: Fakes, fcm: Sender) -> None:
    world = World("fcm", fcm, installation_burst=3)
    first = world.queue()
    same: dict[str, Any] = {"user": first.user, "installation": first.installation, "push_token": first.push_token}
    more = [world.queue(**same) for _ in range(4)]
    other = world.queue()

    await world.drained()

    assert fakes.fcm.requests == 4
    assert sum(world.state(each) is PushState.SENT for each in [first, *more]) == 3
    assert world.state(other) is PushState.SENT
    assert list(world.retries()) == ["10s"]
