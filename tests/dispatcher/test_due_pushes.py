"""Pushes that were put off come back: by a timer, once, as what the user wishes by then."""

import json
from collections.abc import Collection, Iterator

import pytest
from pydantic import SecretStr

from domain.delivery_step import Step
from domain.instants import HOUR, SECOND, Micros
from domain.notification import Notification, Phase
from domain.notification_types import NotificationTypes
from domain.preferences import Channels, Preferences, QuietHours, write_preferences
from domain.push_state import PushState
from push_service.dispatcher.due_pushes import DuePushes
from push_service.dispatcher.handover import Handover
from push_service.dispatcher.outbox import Outbox, Push
from push_service.dispatcher.phases import MAX_BODY, digest_content, digest_request, quiet_request
from storage.notification_types import NotificationsSettings
from storage.postgres.digests import Digests
from storage.postgres.engine import open_engine
from storage.postgres.scheduled import AsyncScheduled, Scheduled
from storage.postgres.settings import PostgresSettings
from storage.scheduled import ScheduledRequest
from tests.dispatcher.push_stand import TENANT, USER, PushStand, content, now_micros, push_stand
from tests.dispatcher.test_pending import Killed, Mortal

TYPES: NotificationTypes = NotificationsSettings().load()
AFTERNOON: Micros = 1_790_000_000 * SECOND  # 14:13 UTC
QUIET = Preferences(quiet_hours=QuietHours("14:00", "15:00"))
MUTED = Preferences(types={"like": Channels(push=False)})


class Wishes:
    def __init__(self) -> None:
        self.said: dict[str, Preferences] = {}

    def of(self, owners: Collection[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        return {owner: write_preferences(self.said.get(owner[1], Preferences())) for owner in owners}


class Kept:
    """Scheduled requests, as they are put."""

    def __init__(self) -> None:
        self.requests: dict[str, ScheduledRequest] = {}

    def put(self, requests: Collection[ScheduledRequest]) -> None:
        self.requests |= {each.id: each for each in requests}


class Stand:
    def __init__(self, pushes: PushStand) -> None:
        self.pushes = pushes
        self.wishes = Wishes()
        self.kept = Kept()
        self.fate = [0]
        self.start()

    def start(self) -> None:
        pushes, fate = self.pushes, self.fate
        outbox = Outbox(Mortal(pushes.targets, fate), pushes.codec)
        decisions = Mortal(pushes.decisions, fate)
        self.due = DuePushes(
            decisions=decisions,
            digests=Mortal(Digests(pushes.engine), fate),
            scheduled=Mortal(self.kept, fate),
            documents=self.wishes,
            types=TYPES,
            handover=Handover(decisions, outbox, Mortal(pushes.publisher, fate), pushes.codec),
            codec=pushes.codec,
        )

    def digest(self, at: Micros = AFTERNOON) -> None:
        request = digest_request(TENANT, USER, "like", at).request
        push = Push(tenant=TENANT, user=USER, id=request.id, content=request.content)
        self.due.returned([(Phase.DIGEST, push)], at)

    def push(self, name: str, at: Micros = AFTERNOON, user: str = USER) -> None:
        self.due.returned([(Phase.PUSH, Push(tenant=TENANT, user=user, id=name, content=HELD))], at)


HELD = content(created_at=AFTERNOON, accepted_at=AFTERNOON, expires_at=AFTERNOON + 24 * HOUR)


@pytest.fixture
def stand(postgres_url: str) -> Iterator[Stand]:
    with push_stand(postgres_url) as pushes:
        yield Stand(pushes)


def hold(stand: Stand, *names: str) -> None:
    for name in names:
        stand.pushes.store(name, PushState.HELD, expires_at=HELD.expires_at)


def test_a_push_after_quiet_hours_goes_to_the_phone_once(stand: Stand) -> None:
    hold(stand, "n1")
    stand.push("n1")
    assert [each.id for each in stand.pushes.requests()] == ["n1"]
    assert stand.pushes.state("n1") is PushState.QUEUED
    stand.pushes.decisions.sending([])
    assert stand.pushes.steps("n1") == [(Step.QUEUED, None)]


@pytest.mark.parametrize("state", [PushState.ACKED, PushState.CANCELLED, PushState.SENDING, PushState.SENT])
def test_what_was_acknowledged_meanwhile_or_pushed_before_is_not_pushed(stand: Stand, state: PushState) -> None:
    """Also what the timer brought back twice."""
    stand.pushes.store("n1", state)
    stand.push("n1")
    assert stand.pushes.requests() == []
    assert stand.pushes.state("n1") is state


def test_in_quiet_hours_that_were_changed_it_waits_again(stand: Stand) -> None:
    hold(stand, "n1")
    stand.wishes.said[USER] = QUIET
    stand.push("n1")
    stand.digest()
    assert stand.pushes.state("n1") is PushState.HELD
    end = AFTERNOON - AFTERNOON % HOUR + HOUR
    assert {(each.request.phase, each.due_at) for each in stand.kept.requests.values()} == {
        (Phase.PUSH, end),
        (Phase.DIGEST, end),
    }
    stand.wishes.said.clear()
    stand.push("n1", end)
    assert [each.id for each in stand.pushes.requests()] == ["n1"]


def test_what_was_muted_meanwhile_is_cancelled_and_the_timeline_says_why(stand: Stand) -> None:
    hold(stand, "n1", "n2", "n3")
    stand.wishes.said[USER] = MUTED
    stand.push("n1")
    stand.digest()
    stand.digest()
    assert stand.pushes.requests() == []
    for name in ("n1", "n2", "n3"):
        assert stand.pushes.state(name) is PushState.CANCELLED
        assert set(stand.pushes.steps(name)) == {(Step.CANCELLED, "muted")}


def test_a_digest_is_one_push_that_names_the_count(stand: Stand) -> None:
    hold(stand, "n1", "n2", "n3")
    stand.pushes.store("read", PushState.ACKED)
    stand.digest()
    (request,) = stand.pushes.requests()
    assert request.id == "n3"
    assert request.content.body == "Bob likes it, and 2 more"
    assert json.loads(request.content.data or b"") == {"digest": "like", "count": 3}
    assert request.content.collapse_key == "digest/like"
    assert [stand.pushes.state(name) for name in ("n1", "n2", "n3")] == [
        PushState.CANCELLED,
        PushState.CANCELLED,
        PushState.QUEUED,
    ]
    assert stand.pushes.steps("n1") == [(Step.CANCELLED, "digest")]
    assert {each.detail for each in stand.pushes.receipts() if each.notification == "n1"} == {"n3"}


def test_a_digest_of_which_all_was_read_pushes_nothing(stand: Stand) -> None:
    stand.pushes.store("n1", PushState.ACKED)
    stand.digest()
    assert stand.pushes.requests() == []
    assert stand.pushes.receipts() == []


def test_what_expired_before_its_digest_was_due_is_told_so(stand: Stand) -> None:
    stand.pushes.store("old", PushState.HELD, expires_at=AFTERNOON - HOUR)
    stand.digest()
    assert stand.pushes.requests() == []
    assert stand.pushes.state("old") is PushState.EXPIRED
    assert stand.pushes.steps("old") == [(Step.EXPIRED, None)]


def test_a_digest_of_one_is_that_one(stand: Stand) -> None:
    hold(stand, "n1")
    stand.digest()
    (request,) = stand.pushes.requests()
    assert (request.content.body, request.content.collapse_key) == ("Bob likes it", None)


def test_a_crash_between_any_two_steps_pushes_all_the_same(stand: Stand) -> None:
    died = True
    dies_at = 0
    while died:
        dies_at += 1
        stand = Stand(PushStand(stand.pushes.engine))
        died = _pushed_in_spite_of_a_crash(stand, dies_at)
    assert dies_at > 20


def _pushed_in_spite_of_a_crash(stand: Stand, dies_at: int) -> bool:
    hold(stand, "n1", "n2", "n3")
    stand.pushes.store("single", PushState.HELD, type="comment", expires_at=HELD.expires_at)
    stand.pushes.store("bobs", PushState.HELD, "bob", expires_at=HELD.expires_at)

    def work() -> None:
        request = digest_request(TENANT, USER, "like", AFTERNOON).request
        digest = Push(tenant=TENANT, user=USER, id=request.id, content=request.content)
        single = Push(tenant=TENANT, user=USER, id="single", content=HELD)
        bobs = Push(tenant=TENANT, user="bob", id="bobs", content=HELD)
        stand.due.returned([(Phase.DIGEST, digest), (Phase.PUSH, single), (Phase.PUSH, bobs)], AFTERNOON)

    stand.fate[0], died = dies_at, False
    try:
        work()
    except Killed:
        stand.fate[0], died = 0, True
        stand.start()
        work()
    pushes = stand.pushes
    assert {(each.id, each.content.body) for each in pushes.requests()} == {
        ("n3", "Bob likes it, and 2 more"),
        ("single", "Bob likes it"),
    }
    steps = {(each.id, each.notification, each.step) for each in pushes.receipts()}
    assert sorted((name, step) for _, name, step in steps) == [
        ("bobs", Step.CANCELLED),
        ("n1", Step.CANCELLED),
        ("n2", Step.CANCELLED),
        ("n3", Step.QUEUED),
        ("single", Step.QUEUED),
    ]
    return died


async def test_what_is_put_off_again_outlives_the_mark_of_the_timer(stand: Stand, postgres_url: str) -> None:
    """The timer marks what it has produced only after the dispatcher has put it off once more."""
    engine = open_engine(PostgresSettings(url=SecretStr(postgres_url)), "tests")
    putting, leasing = Scheduled(stand.pushes.engine), AsyncScheduled(engine)
    held = Notification(id="n1", tenant=TENANT, user=USER, content=HELD)
    putting.put([quiet_request(held, now_micros() - SECOND)])
    due = await leasing.lease(10, 30.0)
    putting.put([quiet_request(held, now_micros() - SECOND // 2)])
    assert await leasing.done(due) == 0
    assert len(await leasing.lease(10, 30.0)) == 1
    await engine.dispose()


def test_a_held_push_for_one_installation_comes_back_for_that_one() -> None:
    held = Notification(id="n1", tenant=TENANT, user=USER, installation="phone", content=HELD)
    request = quiet_request(held, AFTERNOON).request
    assert (request.users, request.installation, request.phase, request.send_at) == ([], "phone", Phase.PUSH, None)


def test_all_that_are_held_in_one_window_make_one_request() -> None:
    assert digest_request(TENANT, USER, "like", AFTERNOON) == digest_request(TENANT, USER, "like", AFTERNOON)
    assert (
        digest_request(TENANT, USER, "like", AFTERNOON).id
        != digest_request(TENANT, USER, "like", AFTERNOON + SECOND).id
    )


def test_a_digest_of_a_long_text_is_cut_and_says_its_count() -> None:
    body = digest_content(content(body="x" * 5_000), 100).body
    assert len(body) == MAX_BODY
    assert body.endswith("…, and 99 more")
