"""The contract of the history of notifications, held by PostgreSQL and by the in-memory twin alike."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec
import pytest
from sqlalchemy import Engine, text

from domain.errors import OutageError
from domain.push_state import PushState
from storage.memory.notifications import MemoryNotifications
from storage.notification_log import NewNotice, NotificationStore, Outcome, Stored
from storage.postgres.notification_log import NotificationLog
from storage.postgres.preference_documents import PostgresPreferenceDocuments
from storage.postgres.push_decisions import PushDecisions
from storage.push_decisions import Decided, NoticeKey
from tests.storage.notification_rows import NOW, migrated_sync_engine, new_notice


class History(NotificationStore, Protocol):
    """The log, and what tells the present state."""

    def states(self, *names: str) -> list[PushState]: ...


class MemoryHistory(MemoryNotifications):
    def states(self, *names: str) -> list[PushState]:
        return [self.rows[NoticeKey("acme", "u1", name)].state for name in names]


class PostgresHistory(NotificationLog):
    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._decisions = PushDecisions(engine)

    def states(self, *names: str) -> list[PushState]:
        found: Decided = self._decisions.release(NoticeKey("acme", "u1", name) for name in names)
        return [found.others[NoticeKey("acme", "u1", name)] for name in names]


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    with migrated_sync_engine(postgres_url) as engine:
        yield engine


@pytest.fixture(params=["memory", "postgres"])
def history(request: pytest.FixtureRequest) -> History:
    return MemoryHistory() if request.param == "memory" else PostgresHistory(request.getfixturevalue("engine"))


def versions(*numbers: int, prefix: str = "v", **how: str) -> list[NewNotice]:
    return [
        new_notice(f"{prefix}{number}", match_key=how.get("key", "k"), match_version=number, user=how.get("user", "u1"))
        for number in numbers
    ]


def shown(answers: Sequence[Stored]) -> list[tuple[str | None, str | None]]:
    return [(answer.replaces, answer.outdated_by) for answer in answers]


def test_nothing_is_stored_of_nothing(history: History) -> None:
    assert history.store([]) == []


def test_what_is_new_is_stored_in_order(history: History) -> None:
    answers = history.store([new_notice(name) for name in "cab"])
    assert {answer.outcome for answer in answers} == {Outcome.STORED}
    assert [answer.seq for answer in answers] == sorted(answer.seq for answer in answers)
    later = history.store([new_notice("d", state=PushState.HELD)])[0]
    assert later.seq > answers[-1].seq
    assert later.state is PushState.HELD


def test_the_same_from_the_same_source_is_our_own_and_from_another_a_duplicate(history: History) -> None:
    first = history.store([new_notice("a", source="s1", state=PushState.QUEUED)])[0]
    again, duplicate, new = history.store(
        [
            new_notice("a", source="s1", state=PushState.PENDING),
            new_notice("a", source="s2", state=PushState.NONE),
            new_notice("b"),
        ]
    )
    assert again == Stored(Outcome.AGAIN, first.seq, PushState.QUEUED)
    assert duplicate == Stored(Outcome.DUPLICATE, first.seq, PushState.QUEUED)
    assert new.outcome is Outcome.STORED


def test_of_two_in_one_batch_the_first_is_stored(history: History) -> None:
    outcomes = [each.outcome for each in history.store([new_notice("a", source=source) for source in ("s1", "s2")])]
    assert outcomes == [Outcome.STORED, Outcome.DUPLICATE]
    outcomes = [each.outcome for each in history.store([new_notice("a", source=source) for source in ("s2", "s1")])]
    assert outcomes == [Outcome.DUPLICATE, Outcome.AGAIN]


def test_ids_and_match_keys_are_one_users_own(history: History) -> None:
    notices = [*versions(2), *versions(1, user="u2"), *versions(1, prefix="w", key="other")]
    assert shown(history.store(notices)) == [(None, None)] * 3
    assert history.states("v2", "w1") == [PushState.PENDING] * 2


@pytest.mark.parametrize("together", [True, False])
def test_a_later_version_takes_the_place_of_the_one_shown(history: History, *, together: bool) -> None:
    notices = versions(1, 2, 5)
    batches = [notices] if together else [[notice] for notice in notices]
    assert [each for batch in batches for each in shown(history.store(batch))] == [
        (None, None),
        ("v1", None),
        ("v2", None),
    ]
    assert history.states("v1", "v2", "v5") == [PushState.CANCELLED, PushState.CANCELLED, PushState.PENDING]


@pytest.mark.parametrize("together", [True, False])
def test_an_earlier_or_the_same_version_is_kept_and_not_shown(history: History, *, together: bool) -> None:
    notices = [*versions(5), *versions(4), *versions(5, prefix="w"), *versions(6)]
    batches = [notices] if together else [[notice] for notice in notices]
    answers = [each for batch in batches for each in history.store(batch)]
    assert shown(answers) == [(None, None), (None, "v5"), (None, "v5"), ("v5", None)]
    assert [answer.outcome for answer in answers] == [Outcome.STORED] * 4
    assert history.states("v5", "v4", "w5", "v6") == [PushState.CANCELLED] * 3 + [PushState.PENDING]


@pytest.mark.parametrize("died_after", [1, 2, 3, 4])
def test_what_is_done_again_is_answered_as_the_first_time(history: History, died_after: int) -> None:
    """But for the state, which tells what has become of it since."""
    notices = [*versions(1, 3), *versions(2), *versions(4)]
    history.store(notices[:died_after])
    assert shown(history.store(notices)) == [(None, None), ("v1", None), (None, "v3"), ("v3", None)]
    again = history.store(notices)
    assert shown(again) == [(None, None), ("v1", None), (None, "v3"), ("v3", None)]
    assert [each.outcome for each in again] == [Outcome.AGAIN] * 4
    assert [each.state for each in again] == [PushState.CANCELLED] * 3 + [PushState.PENDING]


def test_a_push_that_was_sent_is_not_cancelled(history: History) -> None:
    history.store([new_notice("v1", match_key="k", match_version=1, state=PushState.SENT)])
    assert shown(history.store(versions(2))) == [("v1", None)]
    assert history.states("v1") == [PushState.SENT]


def test_a_row_holds_all_that_was_said(engine: Engine) -> None:
    NotificationLog(engine).store(versions(1, 2))
    with engine.begin() as connection:
        first, second = connection.execute(text("SELECT * FROM notifications ORDER BY seq")).all()
    assert (first.id, first.user_id, first.type, first.title, first.body) == (
        "v1",
        "u1",
        "message",
        "Order A-1",
        "out for delivery",
    )
    assert (bytes(first.data), first.interest, first.about) == (b'{"a": "\\u0000\xc3\xa9"}', "order/acme/A-1", None)
    assert (first.match_key, first.match_version, first.source) == ("k", 1, "topic/0/v1")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert first.created_at == epoch + timedelta(microseconds=NOW + 1)
    assert first.classified_at == epoch + timedelta(microseconds=NOW + 3)
    assert (first.correction, first.replaced_by, second.correction, second.replaced_by) == (False, "v2", True, None)


@pytest.mark.parametrize("seems", [True, False])
def test_what_seems_a_correction_and_is_none_is_put_right(engine: Engine, *, seems: bool) -> None:
    """Redis may have forgotten something, or have seen what never got here."""
    NotificationLog(engine).store([msgspec.structs.replace(*versions(9, key="alone"), correction=seems)])
    NotificationLog(engine).store(
        [msgspec.structs.replace(notice, correction=seems) for notice in (*versions(2, 3), *versions(1))]
    )
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT id, correction, replaced_by FROM notifications ORDER BY seq")).all()
    assert [tuple(row) for row in rows] == [
        ("v9", False, None),
        ("v2", False, "v3"),
        ("v3", True, None),
        ("v1", False, "v3"),
    ]


@pytest.mark.parametrize("micros", [0, 1, 1_800_000_000_123_457, 7_258_118_399_999_999])
def test_instants_keep_their_microsecond(engine: Engine, micros: int) -> None:
    notice = new_notice("a")
    NotificationLog(engine).store([NewNotice(notice.notification, "s", micros, PushState.NONE)])
    with engine.begin() as connection:
        stored = connection.scalar(text("SELECT classified_at FROM notifications"))
    assert stored == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def test_the_preferences_of_many_users_are_read_at_once(engine: Engine) -> None:
    documents = PostgresPreferenceDocuments(engine)
    assert documents.of([]) == {}
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO preferences VALUES ('acme', 'u1', '{}'), ('other', 'u2', '{}')"))
    assert documents.of([("acme", "u1"), ("acme", "u2")]) == {("acme", "u1"): b"{}", ("acme", "u2"): b""}


def test_an_outage_is_told_as_one() -> None:
    store = MemoryNotifications()
    store.away = True
    with pytest.raises(OutageError):
        store.store([new_notice("a")])
