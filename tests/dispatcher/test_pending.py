"""A deadline that passes without an acknowledgement: pushed once, whatever breaks in between."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from backbone.dead_letters import DeadLetters
from backbone.headers import due_at_header, due_at_of
from backbone.memory.group_consumer import MemoryGroupConsumer
from backbone.publishing import BatchPublishing
from backbone.record import Ack, OutRecord
from backbone.topics import PUSH_PENDING, dead_letter_topic
from domain.delivery_step import Step
from domain.errors import OutageError
from domain.installation import Provider
from domain.instants import SECOND, Micros
from domain.notification import NoticeContent, PushPending
from domain.push_state import PushState
from push_service.dispatcher.delivery_metrics import PendingMetrics
from push_service.dispatcher.handover import Handover
from push_service.dispatcher.outbox import Outbox, Push
from push_service.dispatcher.pending import GROUP, PendingHandler
from tests.dispatcher.push_stand import TENANT, USER, PushStand, key, now_micros, phone, push_stand


class Killed(Exception):
    """The process dies here."""


class Mortal:
    """Whatever is asked of it counts down; at zero the process dies, before it or after it."""

    def __init__(self, real: Any, fate: list[int]) -> None:
        self._real = real
        self._fate = fate

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self._fate[0] -= 1
            if self._fate[0] == 0:
                raise Killed
            answer = getattr(self._real, name)(*given, **named)
            self._fate[0] -= 1
            if self._fate[0] == 0:
                raise Killed
            return answer

        return call


class Stand:
    def __init__(self, pushes: PushStand) -> None:
        self.pushes = pushes
        self.clock_ahead: Micros = 0
        self.fate = [0]
        self.start()

    def start(self) -> None:
        """A new process."""
        pushes = self.pushes
        publisher: BatchPublishing = Mortal(pushes.publisher, self.fate)
        outbox = Outbox(Mortal(pushes.targets, self.fate), pushes.codec)
        handover = Handover(Mortal(pushes.decisions, self.fate), outbox, publisher, pushes.codec)
        registry = CollectorRegistry()
        handler = PendingHandler(
            codec=pushes.codec,
            handover=handover,
            letters=DeadLetters(publisher, GROUP, registry),
            metrics=PendingMetrics(registry),
            clock=self.clock,
        )
        self.consumer = MemoryGroupConsumer(
            pushes.cluster, GROUP, [PUSH_PENDING.name], handler, due_at=due_at_of, clock=self.clock
        )

    def clock(self) -> Micros:
        return now_micros() + self.clock_ahead

    def wait(self, name: str, content: NoticeContent, seconds: int = 3, **changes: Any) -> None:
        due_at = now_micros() + seconds * SECOND
        fields: dict[str, Any] = {"id": name, "tenant": TENANT, "user": USER, "due_at": due_at, "content": content}
        pending = PushPending(**fields | changes)
        self.pushes.publisher.publish(
            [
                OutRecord(
                    PUSH_PENDING.name,
                    pending.key.encode(),
                    self.pushes.codec.encode(PUSH_PENDING, pending),
                    [due_at_header(due_at)],
                )
            ]
        )

    def drain(self) -> None:
        while not self.consumer.drain():
            pass

    def later(self) -> None:
        """All deadlines have passed."""
        self.clock_ahead = 10 * SECOND
        self.drain()


@pytest.fixture
def stand(postgres_url: str) -> Iterator[Stand]:
    with push_stand(postgres_url) as pushes:
        yield Stand(pushes)


def test_nothing_is_pushed_before_the_deadline_and_once_after_it(stand: Stand) -> None:
    stand.wait("n1", stand.pushes.store("n1", PushState.PENDING))
    stand.drain()
    assert stand.pushes.requests() == []
    assert stand.pushes.state("n1") is PushState.PENDING
    stand.later()
    (request,) = stand.pushes.requests()
    assert (request.id, request.installation, request.push_token) == ("n1", "phone", "token-of-phone")
    assert stand.pushes.state("n1") is PushState.QUEUED
    assert stand.pushes.steps("n1") == [(Step.QUEUED, None)]


@pytest.mark.parametrize(
    "state", [PushState.ACKED, PushState.CANCELLED, PushState.NONE, PushState.SENT, PushState.HELD]
)
def test_what_was_decided_otherwise_is_not_pushed(stand: Stand, state: PushState) -> None:
    stand.wait("n1", stand.pushes.store("n1", state))
    stand.later()
    assert stand.pushes.requests() == []
    assert stand.pushes.receipts() == []
    assert stand.pushes.state("n1") is state


def test_each_installation_gets_a_request_in_the_outbox_of_its_provider(stand: Stand) -> None:
    stand.pushes.targets.put(phone("tablet", provider=Provider.APNS))
    stand.pushes.targets.put(phone("other", "bob"))
    stand.wait("n1", stand.pushes.store("n1", PushState.PENDING))
    stand.later()
    assert [each.installation for each in stand.pushes.requests(Provider.FCM)] == ["phone"]
    assert [each.installation for each in stand.pushes.requests(Provider.APNS)] == ["tablet"]
    assert len(stand.pushes.steps("n1")) == 2


@pytest.mark.parametrize(("wanted", "found"), [("phone", ["phone"]), ("strange", [])])
def test_what_is_for_one_installation_goes_to_no_other(stand: Stand, wanted: str, found: list[str]) -> None:
    stand.pushes.targets.put(phone("tablet"))
    stand.wait("n1", stand.pushes.store("n1", PushState.PENDING), installation=wanted)
    stand.later()
    assert [each.installation for each in stand.pushes.requests()] == found


def test_with_nobody_to_push_to_the_decision_is_none_and_the_timeline_says_why(stand: Stand) -> None:
    stand.pushes.targets.rows.clear()
    stand.wait("n1", stand.pushes.store("n1", PushState.PENDING))
    stand.later()
    assert stand.pushes.state("n1") is PushState.NONE
    assert stand.pushes.steps("n1") == [(Step.CANCELLED, "no-installation")]


def test_what_has_expired_is_not_pushed_and_the_timeline_says_so(stand: Stand) -> None:
    stand.wait("n1", stand.pushes.store("n1", PushState.PENDING, expires_at=now_micros() + SECOND))
    stand.later()
    assert stand.pushes.requests() == []
    assert stand.pushes.state("n1") is PushState.EXPIRED
    assert stand.pushes.steps("n1") == [(Step.EXPIRED, None)]


def test_what_nobody_can_read_is_buried_and_holds_up_nobody(stand: Stand) -> None:
    stand.pushes.publisher.publish([OutRecord(PUSH_PENDING.name, b"acme/ann", b"nonsense")])
    stand.wait("n1", stand.pushes.store("n1", PushState.PENDING))
    stand.later()
    assert len(stand.pushes.requests()) == 1
    assert [each.value for each in stand.pushes.cluster.records(dead_letter_topic(PUSH_PENDING.name, GROUP))] == [
        b"nonsense"
    ]


@pytest.mark.parametrize("field", ["id", "user", "tenant", "installation"])
def test_an_id_that_is_none_is_buried_and_holds_up_nobody(stand: Stand, field: str) -> None:
    """PostgreSQL's text has no NUL: the statement for the whole batch would fail, for ever."""
    told = stand.pushes.store("n1", PushState.PENDING)
    bad: dict[str, Any] = {field: "a\0b"}
    stand.wait("n2", told, **bad)
    stand.wait("n1", told)
    stand.later()
    assert [each.id for each in stand.pushes.requests()] == ["n1"]
    assert len(stand.pushes.cluster.records(dead_letter_topic(PUSH_PENDING.name, GROUP))) == 1


def test_a_notification_that_is_gone_is_not_pushed(stand: Stand) -> None:
    told = stand.pushes.store("n1", PushState.PENDING)
    with stand.pushes.engine.begin() as connection:
        connection.execute(text("DELETE FROM notifications"))
    stand.wait("n1", told)
    stand.later()
    assert stand.pushes.requests() == []


def test_an_outage_of_the_broker_or_of_installations_costs_nothing(stand: Stand) -> None:
    stand.wait("n1", stand.pushes.store("n1", PushState.PENDING))
    stand.clock_ahead = 10 * SECOND
    stand.pushes.targets.away = True
    assert not stand.consumer.drain()
    stand.pushes.targets.away = False
    stand.later()
    assert [each.id for each in stand.pushes.requests()] == ["n1"]


def test_a_crash_between_any_two_steps_leaves_each_with_one_push_and_a_whole_timeline(stand: Stand) -> None:
    for dies_at in range(1, STEPS + 2):
        stand = Stand(PushStand(stand.pushes.engine))
        died = _pushed_in_spite_of_a_crash(stand, dies_at)
        assert died == (dies_at <= STEPS)


STEPS = 12
"""Before and after: expire, queue, installations, receipts, none, requests."""


def _pushed_in_spite_of_a_crash(stand: Stand, dies_at: int) -> bool:
    pushes = stand.pushes
    for name in ("n1", "n2"):
        stand.wait(name, pushes.store(name, PushState.PENDING))
    stand.wait("n3", pushes.store("n3", PushState.PENDING, "carl"), user="carl")
    stand.wait("old", pushes.store("old", PushState.PENDING, expires_at=1))
    stand.fate[0], died = dies_at, False
    try:
        stand.later()
    except Killed:
        stand.fate[0], died = 0, True
        stand.start()
        stand.later()
    # A request may be there twice: a sender makes each attempt once, by the decision in PostgreSQL.
    assert {each.id for each in pushes.requests()} == {"n1", "n2"}
    assert [pushes.state(name) for name in ("n1", "n2", "old")] == [
        PushState.QUEUED,
        PushState.QUEUED,
        PushState.EXPIRED,
    ]
    assert pushes.state("n3", "carl") is PushState.NONE
    steps = {(each.id, each.notification, each.step) for each in pushes.receipts()}
    assert sorted((name, step) for _, name, step in steps) == [
        ("n1", Step.QUEUED),
        ("n2", Step.QUEUED),
        ("n3", Step.CANCELLED),
        ("old", Step.EXPIRED),
    ]
    return died


def test_the_receipts_are_there_before_a_sender_can_see_the_request(stand: Stand) -> None:
    order: list[str] = []
    real = stand.pushes.publisher

    class Watched:
        def publish(self, records: Sequence[OutRecord]) -> list[Ack]:
            order.extend(sorted({each.topic for each in records}))
            return real.publish(records)

    pushes = stand.pushes
    handover = Handover(pushes.decisions, Outbox(pushes.targets, pushes.codec), Watched(), pushes.codec)
    told = pushes.store("n1", PushState.PENDING)
    assert handover.decide([Push(tenant=TENANT, user=USER, id="n1", content=told)], now_micros()) == 1
    assert order == ["push.receipts.v1", "push.outbox.fcm.v1"]
    assert key("n1") in pushes.decisions.queue([key("n1")]).others


def test_an_outage_of_postgresql_is_told_as_one(stand: Stand) -> None:
    """So that the consumer waits, instead of losing or burying anything."""

    class Away:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            def call(*given: Any) -> Any:
                raise OutageError("PostgreSQL is away")

            return call

    pushes = stand.pushes
    handover = Handover(Away(), Outbox(pushes.targets, pushes.codec), pushes.publisher, pushes.codec)
    with pytest.raises(OutageError):
        handover.decide([Push(tenant=TENANT, user=USER, id="n1", content=pushes.store("n1", PushState.PENDING))], 1)
