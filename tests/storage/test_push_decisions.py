"""The push decision of a notification: every change is a compare-and-set, and says what it found."""

import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import OutageError
from domain.push_state import LEADS_TO, OPEN, PushState
from storage.postgres.engine import open_engine, open_sync_engine
from storage.postgres.migrations import migrate
from storage.postgres.push_decisions import AsyncPushDecisions, PushDecisions
from storage.postgres.settings import PostgresSettings
from storage.push_decisions import Attempt, Decided, Finished, NoticeKey

INSERT = text(
    "INSERT INTO notifications (tenant, user_id, id, source, type, title, body, priority, created_at, accepted_at, "
    "expires_at, classified_at, push_state) "
    "VALUES (:tenant, :user, :id, 's', 'like', 't', '', 'normal', now(), now(), now(), now(), :state)"
)


@pytest.fixture
def settings(postgres_url: str) -> PostgresSettings:
    settings = PostgresSettings(url=SecretStr(postgres_url))
    migrate(settings)
    return settings


@pytest.fixture
def engine(settings: PostgresSettings) -> Iterator[Engine]:
    engine = open_sync_engine(settings, "tests")
    yield engine
    engine.dispose()


@pytest.fixture
async def loop_engine(settings: PostgresSettings) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(settings, "tests")
    yield engine
    await engine.dispose()


@pytest.fixture
def decisions(engine: Engine) -> PushDecisions:
    return PushDecisions(engine)


def key(name: str) -> NoticeKey:
    return NoticeKey("acme", "u1", name)


def store(engine: Engine, **states: PushState) -> None:
    with engine.begin() as connection:
        for name, state in states.items():
            connection.execute(INSERT, {**key(name)._asdict(), "state": state.value})


def state_of(engine: Engine, name: str) -> PushState:
    with engine.begin() as connection:
        return PushState(
            connection.scalar(text("SELECT push_state FROM notifications WHERE id = :id"), {"id": name}) or ""
        )


MOVES = {
    PushState.QUEUED: PushDecisions.queue,
    PushState.HELD: PushDecisions.hold,
    PushState.PENDING: PushDecisions.release,
    PushState.CANCELLED: PushDecisions.cancel,
    PushState.NONE: PushDecisions.none,
    PushState.EXPIRED: PushDecisions.expire,
}


@pytest.mark.parametrize("to", MOVES)
def test_a_state_is_reached_only_from_those_that_lead_to_it(
    engine: Engine, decisions: PushDecisions, to: PushState
) -> None:
    store(engine, **{state.value: state for state in PushState})
    decided = MOVES[to](decisions, [key(state.value) for state in PushState] + [key("unknown")])
    assert decided.changed == {key(state.value) for state in LEADS_TO[to]}
    assert decided.others == {key(state.value): state for state in PushState if state not in LEADS_TO[to]}
    for state in PushState:
        assert state_of(engine, state.value) == (to if state in LEADS_TO[to] else state)


def test_nothing_asked_is_nothing_changed(decisions: PushDecisions) -> None:
    assert decisions.queue([]) == Decided(frozenset(), {})
    assert decisions.sending([]).granted == frozenset()
    assert decisions.finish([]) == Decided(frozenset(), {})


async def test_an_acknowledgement_prevents_an_open_push_and_is_noted_for_all(
    engine: Engine, loop_engine: AsyncEngine
) -> None:
    store(engine, **{state.value: state for state in PushState})
    acked = await AsyncPushDecisions(loop_engine).ack("acme", "u1", [*(state.value for state in PushState), "unknown"])
    assert acked.prevented == {key(state.value) for state in OPEN | {PushState.ACKED}}
    assert acked.others == {key(each.value): each for each in PushState if each not in OPEN | {PushState.ACKED}}
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM notifications WHERE acked_at IS NULL")) == 0
    again = await AsyncPushDecisions(loop_engine).ack_all([key("pending"), key("sent")])
    assert again.prevented == {key("pending")}
    assert set(again.others) == {key("sent")}


async def test_what_was_acknowledged_is_not_sent_and_what_was_archived_neither(
    engine: Engine, decisions: PushDecisions, loop_engine: AsyncEngine
) -> None:
    store(engine, a=PushState.QUEUED, b=PushState.QUEUED, c=PushState.QUEUED, d=PushState.SENT)
    people = AsyncPushDecisions(loop_engine)
    await people.ack_all([key("a"), key("d")])
    assert (await people.cancel([key("b")])).changed == {key("b")}
    attempts = [Attempt(*key(name), "phone") for name in ("a", "b", "c", "d", "unknown")]
    sendable = decisions.sending(attempts)
    assert sendable.granted == {attempts[2]}
    # `d` reached another installation before the acknowledgement: no reason to reach one more.
    assert sendable.refused == {
        attempts[0]: PushState.ACKED,
        attempts[1]: PushState.CANCELLED,
        attempts[3]: PushState.ACKED,
    }


def test_each_installation_of_a_user_gets_it_once(engine: Engine, decisions: PushDecisions) -> None:
    store(engine, a=PushState.QUEUED)
    phone, tablet = Attempt(*key("a"), "phone"), Attempt(*key("a"), "tablet")
    assert decisions.sending([phone]).granted == {phone}
    assert decisions.sending([phone]).granted == {phone}  # who asked died before the call
    decisions.finish([Finished(phone, PushState.SENT)])
    assert decisions.sending([phone, tablet]).granted == {tablet}
    decisions.finish([Finished(tablet, PushState.FAILED)])
    again = decisions.sending([phone, tablet])
    assert again.granted == frozenset()
    assert set(again.refused.values()) == {PushState.SENT}


@pytest.mark.parametrize("together", [True, False])
def test_sent_to_one_installation_is_sent(engine: Engine, decisions: PushDecisions, *, together: bool) -> None:
    store(engine, a=PushState.QUEUED)
    phone, tablet = Attempt(*key("a"), "phone"), Attempt(*key("a"), "tablet")
    decisions.sending([phone, tablet])
    outcomes = [Finished(phone, PushState.FAILED), Finished(tablet, PushState.SENT)]
    for part in [outcomes] if together else [[each] for each in outcomes]:
        assert decisions.finish(part).changed == {key("a")}
    assert state_of(engine, "a") is PushState.SENT
    assert decisions.finish(outcomes) == Decided(frozenset(), {key("a"): PushState.SENT})


def test_what_expired_in_the_queue_is_expired(engine: Engine, decisions: PushDecisions) -> None:
    store(engine, a=PushState.QUEUED)
    assert decisions.finish([Finished(Attempt(*key("a"), "phone"), PushState.EXPIRED)]).changed == {key("a")}
    assert state_of(engine, "a") is PushState.EXPIRED


def test_of_many_who_want_the_same_step_one_makes_it(engine: Engine, decisions: PushDecisions) -> None:
    """Also while they ask for the rows in different orders."""
    names = [f"n{number}" for number in range(40)]
    store(engine, **dict.fromkeys(names, PushState.PENDING))
    keys = [key(name) for name in names]
    start = threading.Barrier(6)

    def decide(number: int) -> int:
        start.wait()
        move = (decisions.queue, decisions.hold, decisions.cancel)[number % 3]
        return len(move(reversed(keys) if number % 2 else keys).changed)

    with ThreadPoolExecutor(6) as threads:
        changed = sum(threads.map(decide, range(6)))
    cancelled = sum(state_of(engine, name) is PushState.CANCELLED for name in names)
    assert changed == len(names) or (cancelled == len(names) and changed == 2 * len(names))


def test_an_outage_is_told_as_one(engine: Engine) -> None:
    away = open_sync_engine(
        PostgresSettings(url=SecretStr("postgresql://u:p@127.0.0.1:1/none"), connect_seconds=1), "tests"
    )
    with pytest.raises(OutageError):
        PushDecisions(away).queue([key("a")])
    away.dispose()
