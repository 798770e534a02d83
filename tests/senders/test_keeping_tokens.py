"""No good push token is ever dropped, whatever is wrong with us or between us and the provider."""

from typing import Any

import pytest
from msgspec.structs import replace

from devstack.fakes.apns import APNS
from devstack.fakes.faults import Answer
from devstack.fakes.fcm import FCM
from devstack.fakes.serving import Fakes
from domain.instants import SECOND
from domain.push_request import PushRequest
from domain.push_state import PushState
from push_service.senders.hygiene import TOO_MANY_BAD
from push_service.senders.sender import Sender
from tests.senders.conftest import Senders
from tests.senders.pushes import now
from tests.senders.world import World

MANY = 60


async def sent_after_repair(world: World, fakes: Fakes, requests: list[PushRequest]) -> None:
    """Whatever waits in retry topics is due at last; then everything is on the phones once."""
    for _ in range(4):
        await world.drained()
        world.later(800)
    await world.drained()
    for request in requests:
        assert world.state(request) is PushState.SENT
    shown = [len(phone.shown) for phone in fakes.phones.all()]
    assert shown == [1] * len(requests)


@pytest.mark.parametrize("provider", ["fcm", "apns"])
async def test_revoked_credentials_cost_no_token_and_no_push(fakes: Fakes, senders: Senders, provider: str) -> None:
    world = World(provider, await senders.open(provider))
    fake = fakes.fcm if provider == "fcm" else fakes.apns
    fake.revoke(revoked=True)
    requests = [world.queue() for _ in range(MANY)]

    for _ in range(5):
        assert not await world.drain()

    assert world.alarms.on
    assert not world.health.ready()
    assert world.count("fleetcast_senders_alarm", reason=world.alarms.on[0]) == 1
    assert world.retries() == {}
    assert all(world.active(request) for request in requests)
    fake.revoke(revoked=False)
    await sent_after_repair(world, fakes, requests)
    assert world.alarms.on == []
    assert world.health.ready()


async def test_a_wrong_project_costs_no_token_and_no_push(fakes: Fakes, senders: Senders) -> None:
    """Also one that our credentials are good for: it answers SENDER_ID_MISMATCH to every push token."""
    world = World("fcm", await senders.open("fcm", FLEETCAST_FCM_PROJECT="another-project"))
    requests = [world.queue() for _ in range(MANY)]
    assert not await world.drain()
    assert world.alarms.on
    fakes.fcm.faults.always(None, Answer(name="SENDER_ID_MISMATCH"))
    world.start(await senders.open("fcm"))
    await world.drained()

    assert world.alarms.on == [TOO_MANY_BAD]
    assert all(world.active(request) for request in requests)
    assert world.count("fleetcast_senders_tokens_disabled_total", reason="SENDER_ID_MISMATCH") == 0
    fakes.fcm.faults.clear()
    world.start(await senders.open("fcm"))
    await sent_after_repair(world, fakes, requests)
    assert all(world.active(request) for request in requests)


@pytest.mark.parametrize("page", ["HTML_404", "HTML_200", "HTML_403", "HTML_502"])
async def test_a_proxy_that_answers_html_costs_no_token_and_no_push(fakes: Fakes, fcm: Sender, page: str) -> None:
    world = World("fcm", fcm)
    first = world.queue()
    await world.drained()
    fakes.fcm.faults.always(None, Answer(name=page))
    requests = [world.queue() for _ in range(MANY)]

    for _ in range(3):
        assert not await world.drain()

    assert bool(world.alarms.on) == (page != "HTML_502")
    assert all(world.active(request) for request in requests)
    fakes.fcm.faults.clear()
    await sent_after_repair(world, fakes, [first, *requests])


async def test_while_an_alarm_is_on_even_a_certain_word_is_not_believed_yet(fakes: Fakes, fcm: Sender) -> None:
    world = World("fcm", fcm)
    gone, broken = world.queue(), world.queue()
    fakes.fcm.faults.plan(broken.push_token, [Answer(name="INVALID_FIELD")])
    fakes.fcm.faults.always(gone.push_token, Answer(name="UNREGISTERED", delay=0.2))

    await world.drained()
    assert world.alarms.on
    assert world.active(gone)
    good = world.queue()
    await world.drained()
    world.later(13)
    await world.drained()

    assert world.state(good) is PushState.SENT
    assert world.alarms.on == []
    assert not world.active(gone)


async def test_a_doubtful_word_is_believed_only_of_a_channel_that_has_accepted_others(
    fakes: Fakes, fcm: Sender
) -> None:
    world = World("fcm", fcm)
    bad = world.queue()
    fakes.fcm.faults.always(bad.push_token, Answer(name="INVALID_TOKEN"))

    await world.drained()
    assert world.active(bad)
    world.queue()
    await world.drained()
    world.later(13)
    await world.drained()

    assert not world.active(bad)
    assert world.state(bad) is PushState.FAILED


async def test_the_wrong_one_of_apples_services_costs_no_token(fakes: Fakes, apns: Sender) -> None:
    """It answers BadDeviceToken to all: an alarm, and the tokens stay."""
    world = World("apns", apns)
    world.queue()
    await world.drained()
    requests = [world.queue() for _ in range(MANY)]
    for request in requests:
        fakes.phones.label(APNS, request.push_token, "", "sandbox")

    await world.drained()

    assert world.alarms.on == [TOO_MANY_BAD]
    assert all(world.active(request) for request in requests)


async def test_a_token_registered_after_the_providers_date_stays(fakes: Fakes, apns: Sender) -> None:
    world = World("apns", apns)
    stale = world.queue(token_at=now() - 90 * SECOND)
    fresh = world.queue(token_at=now() - 30 * SECOND)
    at = {"timestamp": str(now() // 1000 - 60_000)}
    for request in (stale, fresh):
        fakes.apns.faults.plan(request.push_token, [Answer(name="Unregistered", headers=at)])

    await world.drained()

    assert not world.active(stale)
    assert world.active(fresh)
    world.later(13)
    await world.drained()
    assert world.state(fresh) is PushState.SENT


async def test_a_renewed_token_is_sent_to_and_a_word_about_the_old_one_would_not_concern_it(
    fakes: Fakes, fcm: Sender
) -> None:
    world = World("fcm", fcm)
    request = world.queue()
    renew(world, request, push_token="a-new-one", token_at=now())

    await world.drained()

    assert world.active(request)
    assert fakes.phones.known(FCM, request.push_token) is None
    assert list(fakes.phones.phone(FCM, "a-new-one").arrived) == [request.id]


@pytest.mark.parametrize("change", [{"user": "somebody-else"}, {"disabled_at": 1}])
async def test_a_phone_that_is_another_users_now_or_deactivated_is_not_sent_to(
    fakes: Fakes, fcm: Sender, change: dict[str, Any]
) -> None:
    world = World("fcm", fcm)
    request = world.queue()
    renew(world, request, **change)

    await world.drained()

    assert world.steps(request) == [("cancelled", "no-installation")]
    assert fakes.fcm.requests == 0


def renew(world: World, request: PushRequest, **change: Any) -> None:
    (installation,) = world.targets.of_installations([(request.tenant, request.installation)]).values()
    world.targets.put(replace(installation, **change))
