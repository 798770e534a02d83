"""The push decision of a notification: every change is a compare-and-set, and says what it found."""

import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from domain.errors import OutageError
from domain.push_state import LEADS_TO, OPEN, PushState
from storage.memory.notifications import MemoryNotifications
from storage.postgres.engine import open_engine, open_sync_engine
from storage.postgres.notification_log import NotificationLog
from storage.postgres.push_decisions import AsyncPushDecisions, PushDecisions
from storage.postgres.settings import PostgresSettings
from storage.push_decisions import Attempt, Decided, Finished, NoticeKey, PushDecisionStore
from tests.storage.notification_rows import migrated_settings, new_notice


class Rows(PushDecisionStore, Protocol):
    """The decisions, and what puts notifications there and tells how they stand."""

    def put(self, **states: PushState) -> None: ...

    def put_match(self, name: str, version: int, state: PushState) -> None: ...

    def state_of(self, name: str) -> PushState: ...


class MemoryRows(MemoryNotifications):
    def put(self, **states: PushState) -> None:
        self.store([new_notice(name, state=state) for name, state in states.items()])

    def put_match(self, name: str, version: int, state: PushState) -> None:
        self.store([new_notice(name, state=state, match_key="status/acme/order/A-1", match_version=version)])

    def state_of(self, name: str) -> PushState:
        return self.rows[key(name)].state


class PostgresRows(PushDecisions):
    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.engine = engine

    def put(self, **states: PushState) -> None:
        NotificationLog(self.engine).store([new_notice(name, state=state) for name, state in states.items()])

    def put_match(self, name: str, version: int, state: PushState) -> None:
        notice = new_notice(name, state=state, match_key="status/acme/order/A-1", match_version=version)
        NotificationLog(self.engine).store([notice])

    def state_of(self, name: str) -> PushState:
        with self.engine.begin() as connection:
            found = connection.scalar(text("SELECT push_state FROM notifications WHERE id = :id"), {"id": name})
        return PushState(found or "")


@pytest.fixture
def settings(postgres_url: str) -> PostgresSettings:
    return migrated_settings(postgres_url)


@pytest.fixture
def stored(settings: PostgresSettings) -> Iterator[PostgresRows]:
    engine = open_sync_engine(settings, "tests")
    yield PostgresRows(engine)
    engine.dispose()


@pytest.fixture(params=["memory", "postgres"])
def rows(request: pytest.FixtureRequest) -> Rows:
    if request.param == "memory":
        return MemoryRows()
    found: Rows = request.getfixturevalue("stored")
    return found


@pytest.fixture
async def people(settings: PostgresSettings) -> AsyncIterator[AsyncPushDecisions]:
    engine = open_engine(settings, "tests")
    yield AsyncPushDecisions(engine)
    await engine.dispose()


def key(name: str) -> NoticeKey:
    return NoticeKey("acme", "u1", name)


MOVES: dict[PushState, Callable[[Rows], Callable[[Iterable[NoticeKey]], Decided]]] = {
    PushState.QUEUED: lambda rows: rows.queue,
    PushState.HELD: lambda rows: rows.hold,
    PushState.PENDING: lambda rows: rows.release,
    PushState.CANCELLED: lambda rows: rows.cancel,
    PushState.NONE: lambda rows: rows.none,
    PushState.EXPIRED: lambda rows: rows.expire,
}


@pytest.mark.parametrize("to", MOVES)
def test_a_state_is_reached_only_from_those_that_lead_to_it(rows: Rows, to: PushState) -> None:
    rows.put(**{state.value: state for state in PushState})
    decided = MOVES[to](rows)([key(state.value) for state in PushState] + [key("unknown")])
    assert decided.changed == {key(state.value) for state in LEADS_TO[to]}
    assert decided.others == {key(state.value): state for state in PushState if state not in LEADS_TO[to]}
    for state in PushState:
        assert rows.state_of(state.value) == (to if state in LEADS_TO[to] else state)


def test_nothing_asked_is_nothing_changed(rows: Rows) -> None:
    assert rows.queue([]) == Decided(frozenset(), {})
    assert rows.sending([]).granted == frozenset()
    assert rows.finish([]) == Decided(frozenset(), {})


async def test_an_acknowledgement_prevents_an_open_push_and_is_noted_for_all(
    stored: PostgresRows, people: AsyncPushDecisions
) -> None:
    stored.put(**{state.value: state for state in PushState})
    acked = await people.ack("acme", "u1", [*(state.value for state in PushState), "unknown"])
    assert acked.prevented == {key(state.value) for state in OPEN | {PushState.ACKED}}
    assert acked.others == {key(each.value): each for each in PushState if each not in OPEN | {PushState.ACKED}}
    with stored.engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM notifications WHERE acked_at IS NULL")) == 0
    again = await people.ack_all([key("pending"), key("sent")])
    assert again.prevented == {key("pending")}
    assert set(again.others) == {key("sent")}


async def test_what_was_acknowledged_is_not_sent_and_what_was_archived_neither(
    stored: PostgresRows, people: AsyncPushDecisions
) -> None:
    stored.put(a=PushState.QUEUED, b=PushState.QUEUED, c=PushState.QUEUED, d=PushState.SENT)
    await people.ack_all([key("a"), key("d")])
    assert (await people.cancel([key("b")])).changed == {key("b")}
    attempts = [Attempt(*key(name), "phone") for name in ("a", "b", "c", "d", "unknown")]
    sendable = stored.sending(attempts)
    assert sendable.granted == {attempts[2]}
    # `d` reached another installation before the acknowledgement: no reason to reach one more.
    assert sendable.refused == {
        attempts[0]: PushState.ACKED,
        attempts[1]: PushState.CANCELLED,
        attempts[3]: PushState.ACKED,
    }


def test_each_installation_of_a_user_gets_it_once(rows: Rows) -> None:
    rows.put(a=PushState.QUEUED)
    phone, tablet = Attempt(*key("a"), "phone"), Attempt(*key("a"), "tablet")
    assert rows.sending([phone]).granted == {phone}
    assert rows.sending([phone]).granted == {phone}  # who asked died before the call
    rows.finish([Finished(phone, PushState.SENT)])
    assert rows.sending([phone, tablet]).granted == {tablet}
    rows.finish([Finished(tablet, PushState.FAILED)])
    again = rows.sending([phone, tablet])
    assert again.granted == frozenset()
    assert set(again.refused.values()) == {PushState.SENT}


@pytest.mark.parametrize("together", [True, False])
def test_sent_to_one_installation_is_sent(rows: Rows, *, together: bool) -> None:
    rows.put(a=PushState.QUEUED)
    phone, tablet = Attempt(*key("a"), "phone"), Attempt(*key("a"), "tablet")
    rows.sending([phone, tablet])
    outcomes = [Finished(phone, PushState.FAILED), Finished(tablet, PushState.SENT)]
    for part in [outcomes] if together else [[each] for each in outcomes]:
        assert rows.finish(part).changed == {key("a")}
    assert rows.state_of("a") is PushState.SENT
    assert rows.finish(outcomes) == Decided(frozenset(), {key("a"): PushState.SENT})


def test_what_was_taken_put_off_and_then_acknowledged_is_acknowledged_in_the_end(rows: Rows) -> None:
    rows.put(a=PushState.QUEUED, b=PushState.SENT)
    phone, tablet = Attempt(*key("a"), "phone"), Attempt(*key("a"), "tablet")
    rows.sending([phone, tablet])
    assert rows.finish([Finished(phone, PushState.ACKED)]).changed == {key("a")}
    assert rows.state_of("a") is PushState.ACKED
    assert rows.finish([Finished(tablet, PushState.SENT)]).changed == {key("a")}, "its call was under way"
    assert not rows.finish([Finished(Attempt(*key("b"), "phone"), PushState.ACKED)]).changed
    assert [rows.state_of(name) for name in ("a", "b")] == [PushState.SENT, PushState.SENT]


def test_what_was_taken_put_off_and_then_replaced_is_not_sent_after_what_replaced_it(rows: Rows) -> None:
    rows.put_match("old", 1, PushState.QUEUED)
    phone = Attempt(*key("old"), "phone")
    assert rows.sending([phone]).granted == {phone}
    rows.put_match("new", 2, PushState.QUEUED)
    assert rows.sending([phone]).refused == {phone: PushState.CANCELLED}
    assert rows.finish([Finished(phone, PushState.CANCELLED)]).changed == {key("old")}
    assert [rows.state_of(name) for name in ("old", "new")] == [PushState.CANCELLED, PushState.QUEUED]


def test_what_expired_in_the_queue_is_expired(rows: Rows) -> None:
    rows.put(a=PushState.QUEUED)
    assert rows.finish([Finished(Attempt(*key("a"), "phone"), PushState.EXPIRED)]).changed == {key("a")}
    assert rows.state_of("a") is PushState.EXPIRED


def test_of_many_who_want_the_same_step_one_makes_it(stored: PostgresRows) -> None:
    """Also while they ask for the rows in different orders."""
    names = [f"n{number}" for number in range(40)]
    stored.put(**dict.fromkeys(names, PushState.PENDING))
    keys = [key(name) for name in names]
    start = threading.Barrier(6)

    def decide(number: int) -> int:
        start.wait()
        move = (stored.queue, stored.hold, stored.cancel)[number % 3]
        return len(move(reversed(keys) if number % 2 else keys).changed)

    with ThreadPoolExecutor(6) as threads:
        changed = sum(threads.map(decide, range(6)))
    cancelled = sum(stored.state_of(name) is PushState.CANCELLED for name in names)
    assert changed == len(names) or (cancelled == len(names) and changed == 2 * len(names))


def test_an_outage_is_told_as_one() -> None:
    away = open_sync_engine(
        PostgresSettings(url=SecretStr("postgresql://u:p@127.0.0.1:1/none"), connect_seconds=1), "tests"
    )
    with pytest.raises(OutageError):
        PushDecisions(away).queue([key("a")])
    away.dispose()
