"""The process on a real Kafka and PostgreSQL: killed between any two steps, and with one of its providers dead."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from benchmarks.phones.dispatching import Dispatching
from benchmarks.phones.stand import PhoneStand, phone_stand
from domain.delivery_step import PushReceipt

WITHIN = 90.0  # seconds
SETTINGS = {
    "FLEETCAST_SENDERS_START_RATE": "500",
    "FLEETCAST_SENDERS_PAUSE_SECONDS": "0.5",
    "FLEETCAST_SENDERS_LONGEST_PAUSE_SECONDS": "1",
    "FLEETCAST_SENDERS_SEND_SECONDS": "2",
    "FLEETCAST_LOG_FORMAT": "console",
}

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PhoneStand]:
    with phone_stand(tmp_path_factory.mktemp("phones"), settings=SETTINGS) as stand:
        yield stand


@pytest.fixture(scope="module")
def dispatching(stand: PhoneStand) -> Iterator[Dispatching]:
    dispatching = Dispatching(stand)
    yield dispatching
    dispatching.close()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)


def all_over(stand: PhoneStand) -> bool:
    return not {"queued", "sending"} & stand.states().keys()


def by_notification(dispatching: Dispatching) -> dict[str, list[PushReceipt]]:
    told: dict[str, list[PushReceipt]] = {}
    for receipt in dispatching.receipts():
        told.setdefault(receipt.notification, []).append(receipt)
    return told


@pytest.mark.parametrize("place", ["granted", "called", "told", "decided"])
def test_killed_between_any_two_steps_each_is_seen_once_and_told_completely(
    stand: PhoneStand, dispatching: Dispatching, place: str
) -> None:
    stand.senders.stop()
    requests = [*dispatching.queue("fcm", 100), *dispatching.queue("apns", 100)]
    mortal = stand.product.command(
        "push_service.senders", env={"FLEETCAST_PROCESS_FAIL_AT": f"senders.{place}", "FLEETCAST_ADMIN_PORT": "0"}
    )
    process = stand.stack.site.spawner.spawn(mortal, stand.stack.site.log("mortal"))
    assert process.wait(WITHIN) == -9

    stand.senders.start()
    until(lambda: all_over(stand))

    shown = {(phone["provider"], each["id"]) for phone in stand.arrivals() for each in phone["shown"].values()}
    assert {(each.provider, each.id) for each in requests} <= shown
    names = [name for phone in stand.arrivals() for name in phone["shown"]]
    assert len(names) == len(set(names))
    told = by_notification(dispatching)
    for request in requests:
        assert "accepted" in {each.outcome for each in told[request.id] if each.step == "attempted"}


def test_a_dead_provider_hurts_no_other_and_gets_all_when_it_is_back_but_what_has_expired(
    stand: PhoneStand, dispatching: Dispatching
) -> None:
    stand.answer("fcm", always={"then": "silence"})
    dead = dispatching.queue("fcm", 300)
    late = dispatching.queue("fcm", 30, ttl=6.0)
    began = time.monotonic()
    alive = [request for _ in range(10) for request in dispatching.queue("apns", 20)]

    wanted = {request.id for request in alive}
    until(lambda: wanted <= arrived(stand, "apns"))
    assert time.monotonic() - began < 20
    time.sleep(max(0.0, 7.0 - (time.monotonic() - began)))
    stand.repair()
    until(lambda: all_over(stand))

    assert {request.id for request in dead} <= arrived(stand, "fcm")
    told = by_notification(dispatching)
    last = Counter(told[request.id][-1].step for request in late)
    assert last["expired"] + last["attempted"] == len(late)
    assert last["expired"] > 0
    assert stand.disabled() == 0


@pytest.mark.parametrize("provider", ["fcm", "apns"])
def test_taken_and_then_silent_it_is_called_again_and_seen_once(
    stand: PhoneStand, dispatching: Dispatching, provider: str
) -> None:
    stand.answer(provider, next=[{"accept": True, "then": "silence"}] * 10)
    requests = dispatching.queue(provider, 50)
    until(lambda: all_over(stand))

    wanted = {request.id for request in requests}
    arrivals = [each for phone in stand.arrivals() for each in phone["arrived"].items() if each[0] in wanted]
    shown = [name for phone in stand.arrivals() for name in phone["shown"] if name in wanted]
    assert sorted(arrival["count"] for _, arrival in arrivals) == [1] * 40 + [2] * 10
    assert sorted(shown) == sorted(wanted)


def arrived(stand: PhoneStand, provider: str) -> set[str]:
    return {name for phone in stand.arrivals() if phone["provider"] == provider for name in phone["arrived"]}


def test_told_to_stop_it_ends_in_order_and_the_next_goes_on(stand: PhoneStand, dispatching: Dispatching) -> None:
    requests = dispatching.queue("fcm", 500)
    until(lambda: bool({request.id for request in requests} & arrived(stand, "fcm")))

    assert stand.senders.stop()
    stand.senders.start()
    until(lambda: all_over(stand))

    counts = [
        arrival["count"]
        for phone in stand.arrivals()
        for name, arrival in phone["arrived"].items()
        if name in {request.id for request in requests}
    ]
    assert counts == [1] * 500


@pytest.mark.parametrize("provider", ["fcm", "apns"])
def test_with_revoked_credentials_it_says_so_keeps_all_tokens_and_sends_all_after_repair(
    stand: PhoneStand, dispatching: Dispatching, provider: str
) -> None:
    stand.revoke(provider, revoked=True)
    requests = dispatching.queue(provider, 100)
    until(lambda: f'fleetcast_senders_alarm{{provider="{provider}",reason=' in stand.metrics())

    assert stand.disabled() == 0
    stand.revoke(provider, revoked=False)
    until(lambda: all_over(stand))

    assert {request.id for request in requests} <= arrived(stand, provider)
    assert stand.disabled() == 0
